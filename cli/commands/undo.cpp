#include <algorithm>

#include "cli/commands/context.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/run/change_recovery.hpp"
#include "core/run/half_change.hpp"

namespace delegate::cli {
namespace {

using State = ChangeRecord::State;

constexpr milliseconds kLongest{300'000};

struct UndoOptions {
  std::string id;
};
constexpr OptionRow kUndoOptions[] = {
    {.value = "ID",
     .help = "Run id, or the beginning of it (default: latest here)",
     .kind = ValueKind::writing,
     .store = into<&UndoOptions::id>},
    json_flag("Print one JSON object"),
};

tl::unexpected<CommandError> refuse(ErrorKind kind, Code code, const std::string& what, std::string hint = {}) {
  return fail_as(kind, {code, "undo: " + what, std::move(hint)});
}

std::string in_quotes(const std::string& id) { return "'" + one_line(id, 80) + "'"; }

bool is_below(const Path& path, const Path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

/// There may be something to take back: not what was taken back already, or was never applied.
bool is_in_place(const ChangeRecord& record) {
  if (record.applying) return true;  // it is to be completed first
  return record.state == State::finished ? record.is_in_files : !record.is_isolated;
}

class Undo {
 public:
  Undo(const CommandContext& context, const UndoOptions& options)
      : context_(context), engine_(context.engine()), id_(options.id), changes_(changes_directory(engine_)) {}

  CommandResult run();

 private:
  tl::expected<ChangeRecord, CommandError> chosen() const;
  tl::expected<ChangeRecord, CommandError> again(const std::string& run) const;
  bool is_below_others(const ChangeRecord& record) const;
  tl::expected<WriterLease, CommandError> take(const Path& root) const;
  CommandResult take_back(const ChangeRecord& record) const;
  int report(const ChangeRecord& record, const Application& done) const;
  int report_completed(const Recovered& completed) const;
  OrderedJson to_object(const ChangeRecord& record, const Application& done) const;
  std::string shown(const ChangeRecord& record, const std::string& path) const {
    std::error_code gone;  // by the undo itself
    const Path whole = record.root / path;
    const bool is_here = std::filesystem::exists(context_.world.cwd, gone);
    return one_line(is_here ? whole.lexically_relative(context_.world.cwd).string() : whole.string());
  }
  std::string list_of(const ChangeRecord& record, const std::vector<std::string>& paths) const {
    std::vector<std::string> names;
    for (const std::string& path : paths) names.push_back(shown(record, path));
    return words_for_files(names);
  }

  const CommandContext& context_;
  const Engine& engine_;
  std::string id_;
  Path changes_;
};

/// When the files got it, as far as that is known.
milliseconds moment_of(const ChangeRecord& record) {
  return record.applied.value_or(record.finished.value_or(record.started));
}

tl::expected<ChangeRecord, CommandError> Undo::chosen() const {
  if (id_.empty() && context_.world.cwd.empty())
    return refuse(ErrorKind::usage, Code::not_found, "the working directory does not exist any more",
                  "go to another one, or name the run");
  std::vector<ChangeRecord> found;
  std::error_code unreadable;
  const Path here = std::filesystem::weakly_canonical(context_.world.cwd, unreadable);
  for (ChangeRecord& record : changes_in(changes_).records)
    if (id_.empty() ? is_in_place(record) && is_below(here, record.root) : record.run.starts_with(id_))
      found.push_back(std::move(record));
  if (found.empty() && id_.empty())
    return refuse(ErrorKind::failed, Code::not_found, "no run has changed files here that can be taken back",
                  "runs with --write in a git work tree are recorded, and kept for `background.keep`");
  if (found.empty())
    return refuse(ErrorKind::usage, Code::not_found, "no change of a run " + in_quotes(id_) + " is recorded",
                  "`delegate runs` lists the runs");
  if (!id_.empty() && found.size() > 1 && found.front().run != id_)
    return refuse(ErrorKind::usage, Code::invalid_argument, "several runs begin with " + in_quotes(id_));
  // A run that has not ended is the latest one.
  return *std::max_element(found.begin(), found.end(), [](const ChangeRecord& one, const ChangeRecord& other) {
    const auto rank = [](const ChangeRecord& record) {
      return std::pair(record.state != State::finished, moment_of(record));
    };
    return rank(one) < rank(other);
  });
}

/// The same as it is now.
tl::expected<ChangeRecord, CommandError> Undo::again(const std::string& run) const {
  for (ChangeRecord& record : changes_in(changes_).records)
    if (record.run == run) return std::move(record);
  return refuse(ErrorKind::usage, Code::not_found, "the change of run " + run + " is no longer recorded");
}

/// No run may write there meanwhile.
tl::expected<WriterLease, CommandError> Undo::take(const Path& root) const {
  WriterAdmission admission = take_root(engine_, root, kLongest, context_.world.interrupted);
  if (auto* lease = std::get_if<WriterLease>(&admission)) return std::move(*lease);
  if (context_.world.interrupted.cancelled()) return refuse(ErrorKind::cancelled, Code::cancelled, "interrupted");
  const auto& refusal = std::get<WriterRefusal>(admission);
  return refuse(ErrorKind::directory_in_use, Code::busy, refusal.message, refusal.hint);
}

CommandResult Undo::run() {
  if (changes_.empty())
    return refuse(ErrorKind::internal, Code::unavailable, "there is no place where changes are kept");
  clean_up_changes(changes_, engine_.clock.now().wall, engine_.config.background.keep);
  auto record = chosen();
  if (!record) return tl::unexpected(record.error());
  if (record->state == State::running && is_worked_on(changes_, record->run))
    return refuse(ErrorKind::directory_in_use, Code::busy, "run " + record->run + " has not finished",
                  "`delegate status` shows it");
  const auto lease = take(record->root);
  if (!lease) return tl::unexpected(lease.error());
  if (!lease->unguarded_because().empty()) context_.output.note("delegate: " + lease->unguarded_because());
  const ChangeRecovery recovered = recover_changes_in(engine_, record->root);
  for (const std::string& line : recovered.lines) context_.output.note("delegate: " + line);
  for (const Recovered& one : recovered.completed)  // this is what is asked for, or it was asked for before
    if (one.direction == Direction::reverse && (id_.empty() || one.record.run == record->run))
      return report_completed(one);
  record = again(record->run);
  if (!record) return tl::unexpected(record.error());
  return take_back(*record);
}

/// Runs have changed files there since it began, and all that would be taken back with it.
bool Undo::is_below_others(const ChangeRecord& record) const {
  const auto all = changes_in(changes_).records;
  return std::any_of(all.begin(), all.end(), [&](const ChangeRecord& other) {
    return other.run != record.run && other.root == record.root && is_in_place(other) &&
           moment_of(other) > record.started;
  });
}

CommandResult Undo::take_back(const ChangeRecord& record) const {
  if (!is_in_place(record))
    return refuse(ErrorKind::usage, Code::invalid_argument,
                  "the change of run " + record.run + " is not in the files (any more)");
  const std::string why = why_uncertain(record);
  if (id_.empty() && !why.empty())
    return refuse(ErrorKind::failed, Code::invalid_argument,
                  "of the latest run here, " + record.run +
                      ", it is not known what it has changed and what was changed since: " + why,
                  "`delegate undo " + record.run + "` takes all of it back; `delegate runs " + record.run +
                      " --diff` shows it first");
  if (record.state != State::finished && is_below_others(record))
    return refuse(ErrorKind::failed, Code::invalid_argument,
                  "of run " + record.run + " it is not known what it has changed (" + why +
                      "), and other runs have changed files here since",
                  "take those back first, or use git");
  const auto git = find_git(engine_.environment);
  const Patience patience{context_.world.interrupted, Deadline::in(kLongest)};
  auto change =
      git ? recorded_change(engine_, *git, record, patience) : Result<KeptChange>(tl::unexpected(git.error()));
  if (!change && context_.world.interrupted.cancelled())
    return refuse(ErrorKind::cancelled, Code::cancelled, "interrupted; nothing was changed");
  if (!change) return refuse(ErrorKind::failed, change.error().code, change.error().what, change.error().hint);
  const auto done = change->apply(*git, Direction::reverse, patience, kLockWait);
  if (!done && done.error().code == Code::cancelled)
    return refuse(ErrorKind::cancelled, Code::cancelled, "interrupted; nothing was changed");
  if (!done) return refuse(ErrorKind::failed, done.error().code, done.error().what, done.error().hint);
  return report(change->record(), *done);
}

OrderedJson Undo::to_object(const ChangeRecord& record, const Application& done) const {
  const auto texts = [](const std::vector<std::string>& paths) {
    OrderedJson list = OrderedJson::array();
    for (const std::string& path : paths) list.push_back(valid_utf8(path));
    return list;
  };
  OrderedJson json{{"schema", "delegate.undo/1"},
                   {"run_id", record.run},
                   {"root", valid_utf8(record.root.string())},
                   {"undone", done.is_applied()},
                   {"files", texts(done.changed)},
                   {"merged", texts(done.merged)},
                   {"not_undone", texts(done.not_applied)}};
  json["conflicts"] = OrderedJson::array();
  for (const Application::Conflict& one : done.conflicts)
    json["conflicts"].push_back({{"path", valid_utf8(one.path)}, {"why", one.why}});
  return json;
}

int Undo::report(const ChangeRecord& record, const Application& done) const {
  const Output& output = context_.output;
  const bool is_whole = done.is_applied() && done.not_applied.empty();
  const int code = is_whole ? kAnswered : kAllFailed;
  if (context_.world.json) {
    const int written = output.answer(dump(to_object(record, done)) + "\n");
    return written != 0 ? written : code;
  }
  if (!done.is_applied()) {
    std::vector<std::string> why;
    for (const auto& [path, reason] : done.conflicts) why.push_back(shown(record, path) + " (" + reason + ")");
    output.error({Code::invalid_argument, "undo: run " + record.run + ": " + words_for_files(why),
                  "nothing was undone; `delegate runs " + record.run + " --diff` shows the change"});
    return code;
  }
  output.note("delegate: run " + record.run +
              " undone: " + (done.changed.empty() ? "nothing was left of it" : list_of(record, done.changed)));
  if (!done.merged.empty()) output.note("delegate: later changes were kept in " + list_of(record, done.merged));
  if (!done.not_applied.empty()) output.note("delegate: not undone: " + list_of(record, done.not_applied));
  if (!record.not_covered.empty())
    output.note("delegate: was not recorded, so not undone: " + words_for_files(record.not_covered));
  return code;
}

/// An undo that was killed half-way, and is complete now. Another change is not touched in the same step.
int Undo::report_completed(const Recovered& completed) const {
  const ChangeRecord& record = completed.record;
  if (context_.world.json) {
    const int written = context_.output.answer(dump(to_object(record, {.not_applied = completed.left})) + "\n");
    return written != 0 ? written : completed.left.empty() ? kAnswered : kAllFailed;
  }
  if (completed.left.empty()) return kAnswered;
  context_.output.note("delegate: changed since, and not undone: " + list_of(record, completed.left));
  return kAllFailed;
}

CommandResult undo(const CommandContext& context, const UndoOptions& options) {
  context.report_notice();
  return Undo(context, options).run();
}

}  // namespace

extern constexpr CommandRow kUndo{
    .name = "undo",
    .group = kAskGroup,
    .help = "Take back what a run changed",
    .more =
        "Takes the change of a run with `--write` out of the files again, and leaves later changes alone. If that is "
        "not possible for all files, nothing is changed at all, the files are named, and the exit status is 1. "
        "Only files that git tracks or would track are recorded.",
    .options = kUndoOptions,
    .needs = Needs::host,
    .run = run_with<undo>};

}  // namespace delegate::cli
