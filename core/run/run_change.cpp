#include "core/run/run_change.hpp"

#include <algorithm>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLongestLook{5'000};
constexpr milliseconds kLongestRecord{60'000};
constexpr unsigned kStatWidth = 80;

/// A cancel ends the run, and what it has done is to be recorded all the same.
const CancelToken& never() {
  static const CancelToken token;
  return token;
}

Patience patience_for_record() { return {never(), Deadline::in(kLongestRecord)}; }

bool contains(const Path& root, const Path& path) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

bool may_have_written(const RunResult& result) {
  return std::any_of(result.attempts.begin(), result.attempts.end(),
                     [](const Attempt& attempt) { return attempt.may_have_written; });
}

std::vector<std::string> backends_of(const RunResult& result) {
  std::vector<std::string> names;
  for (const Attempt& attempt : result.attempts) names.push_back(attempt.backend);
  return names;
}

std::string words_of(const std::vector<Application::Conflict>& conflicts) {
  std::vector<std::string> parts;
  for (const Application::Conflict& one : conflicts) parts.push_back(one_line(one.path) + " (" + one.why + ")");
  return words_for_files(parts);
}

}  // namespace

RunChange::RunChange(const Engine& engine, const Request& request, const CancelToken& cancel)
    : engine_(engine),
      cancel_(cancel),
      directory_(request.cwd),
      isolation_(request.isolation),
      place_(work_tree_of(directory_)),
      found_(look()) {}  // uses all the others

Status RunChange::look() {
  const Path changes = changes_directory(engine_);
  if (changes.empty()) return fail(Code::unavailable, "there is no place to keep it");
  TRY(git_, find_git(engine_.environment));
  TRY(Repository repository, find_repository(git_, directory_, {cancel_, Deadline::in(kLongestLook)}));
  std::error_code unreadable;
  if (contains(repository.root, std::filesystem::weakly_canonical(changes.parent_path(), unreadable))) {
    place_ = directory_;  // the whole tree is no project: a home directory
    return fail(Code::unavailable, repository.root.string() + ": delegate's own state is inside of this work tree");
  }
  place_ = repository.root.string();
  repository_ = std::move(repository);
  return {};
}

Status RunChange::begin(const std::string& run_id, Deadline deadline) {
  TRY_STATUS(found_);
  const milliseconds now = engine_.clock.now().wall;
  const Path changes = changes_directory(engine_);
  NewChange wanted{.run = run_id, .now = now};
  if (isolation_) {
    wanted.is_isolated = true;
    wanted.with = isolation_->with;
    wanted.limits.with_untracked = isolation_->with_untracked;
  }
  TRY(open_, OpenChange::begin(git_, changes, *repository_, wanted, {cancel_, deadline}));
  return make_directory();
}

/// In the copy; where the person is may be ignored or empty, which a copy does not have.
Status RunChange::make_directory() const {
  if (open_->isolated() == nullptr) return {};
  std::error_code error;
  std::filesystem::create_directories(directory(), error);
  if (error) return fail_errno("create " + directory(), error.value());
  return {};
}

void RunChange::discard() {
  if (open_) open_->discard();
  open_.reset();
}

std::string RunChange::directory() const {
  if (!open_ || open_->isolated() == nullptr) return directory_;
  const Path below = Path(directory_).lexically_relative(repository_->root);
  return (below == "." ? open_->isolated()->root() : open_->isolated()->root() / below).string();
}

std::vector<std::string> RunChange::remarks() const {
  return open_ && open_->isolated() != nullptr ? open_->isolated()->remarks() : std::vector<std::string>();
}

bool RunChange::is_outside(const std::string& name) const {
  return open_ && open_->isolated() != nullptr &&
         !contains(open_->isolated()->root(), (Path(directory()) / name).lexically_normal());
}

Status RunChange::renew(Deadline deadline) {
  if (!open_ || open_->isolated() == nullptr) return {};
  TRY_STATUS(open_->isolated()->renew(git_, {cancel_, deadline}));
  return make_directory();
}

std::string RunChange::shown(const std::string& path) const {
  const Path relative = (repository_->root / path).lexically_relative(directory_);
  return engine_.redact(one_line(relative.string()));
}

std::optional<std::vector<std::string>> RunChange::so_far() {
  if (!open_) return std::nullopt;
  const auto change = open_->so_far(git_, {}, patience_for_record());
  if (!change) return std::nullopt;
  std::vector<std::string> names;
  for (const ChangedFile& file : change->files) names.push_back(shown(file.path));
  return names;
}

ChangeReport RunChange::report_on(const KeptChange& kept, const Patience& patience) const {
  const ChangeRecord& record = kept.record();
  ChangeReport report{.is_isolated = record.is_isolated, .root = record.root.string()};
  report.state = record.is_in_files ? ChangeReport::State::in_files : ChangeReport::State::kept;
  if (record.keeps_tree) report.tree = kept.isolated_root().string();
  for (const std::string& what : record.not_covered) report.not_covered.push_back(engine_.redact(one_line(what)));
  if (auto files = kept.files(git_, patience)) report.files = std::move(files->files);
  else report.notes.push_back("which files it has changed cannot be said: " + files.error().what);
  for (ChangedFile& file : report.files) {
    report.names.push_back(shown(file.path));
    file.path = engine_.redact(valid_utf8(file.path));
  }
  if (auto stat = kept.stat(git_, kStatWidth, patience)) report.diffstat = engine_.redact(valid_utf8(*stat));
  return report;
}

void RunChange::apply(KeptChange& kept, const std::function<WriterAdmission()>& acquire, ChangeReport& report) const {
  report.state = ChangeReport::State::refused;
  const auto place = acquire();
  if (const auto* refusal = std::get_if<WriterRefusal>(&place)) {
    report.why = refusal->message;
    return;
  }
  // Another run may have been killed here since the copy was made.
  for (std::string& line : recover_changes_in(engine_, place_).lines) report.notes.push_back(std::move(line));
  auto done = kept.apply(git_, Direction::forward, patience_for_record(), kLockWait, engine_.clock.now().wall);
  if (!done) {
    report.why = done.error().what;
  } else if (!done->is_applied()) {
    report.why = words_of(done->conflicts);
    report.conflicts = std::move(done->conflicts);
  } else {
    report.state = ChangeReport::State::in_files;
    for (const std::string& path : done->merged) report.merged.push_back(shown(path));
    for (const std::string& path : done->not_applied) report.not_applied.push_back(shown(path));
  }
}

void RunChange::add_copies(ChangeReport& report) const {
  if (open_->isolated() == nullptr) return;
  const auto changed = open_->isolated()->changed_copies();
  if (!changed || changed->empty()) return;
  std::vector<std::string> names;
  for (const std::string& path : *changed) names.push_back(shown(path));
  report.notes.push_back("only copied, so what was changed there is not applied: " + words_for_files(names));
}

/// After a failure to record it.
ChangeReport RunChange::left(ChangeReport report, const std::string& why) {
  report.state = ChangeReport::State::lost;
  report.why = why;
  std::error_code gone;
  if (isolation_ && std::filesystem::exists(open_->isolated()->root(), gone))
    report.tree = open_->isolated()->root().string();
  if (const Status left = open_->leave(engine_.clock.now().wall, why); !left) report.why += "; " + left.error().what;
  open_.reset();
  return report;
}

ChangeReport RunChange::finish(const RunResult& result, const std::function<WriterAdmission()>& acquire) {
  ChangeReport report{.is_isolated = isolation_.has_value()};
  if (!open_) return report;
  const bool keeps_tree = isolation_ && isolation_->keep;
  const bool is_of_use = may_have_written(result) && (!isolation_ || result.answer);
  if (!is_of_use && !keeps_tree) {
    if (isolation_ && may_have_written(result))
      report.notes.push_back("what was changed in the copy is dropped; with --keep it stays");
    discard();
    return report;
  }
  add_copies(report);
  const std::vector<std::string> notes = std::move(report.notes);
  const Patience patience = patience_for_record();
  OpenChange::Finish how{.now = engine_.clock.now().wall, .backends = backends_of(result)};
  how.tree = keeps_tree ? OpenChange::Tree::keep : OpenChange::Tree::remove;
  auto kept = open_->finish(git_, how, patience);
  if (!kept) return left(std::move(report), kept.error().what);
  open_.reset();
  if (kept->record().files == 0 && !keeps_tree) {
    report.notes = notes;
    for (const std::string& what : kept->record().not_covered)
      report.not_covered.push_back(engine_.redact(one_line(what)));
    static_cast<void>(remove_change(changes_directory(engine_), kept->record().run));  // or later, when it expires
    return report;
  }
  report = report_on(*kept, patience);
  report.notes.insert(report.notes.end(), notes.begin(), notes.end());
  if (!isolation_) return report;
  if (isolation_->apply && result.answer && kept->record().files > 0) apply(*kept, acquire, report);
  if (report.state == ChangeReport::State::in_files && report.not_applied.empty()) return report;
  if (auto patch = kept->write_patch(git_, patience_for_record())) report.patch = patch->string();
  else report.why += (report.why.empty() ? "" : "; ") + patch.error().what;
  return report;
}

}  // namespace delegate
