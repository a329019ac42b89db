#include "core/run/half_change.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/run/change_recovery.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLongestLook{5'000};
constexpr std::size_t kMostNamed = 5;         // files in a line for people
constexpr std::size_t kMostHandedOver = 100;  // and in a prompt

std::vector<std::string> first_of(const std::vector<std::string>& files, std::size_t most) {
  return {files.begin(), files.begin() + static_cast<std::ptrdiff_t>(std::min(files.size(), most))};
}

/// The names of what a run has changed, relative to the directory, if that is recorded.
std::vector<std::string> names_in(const Engine& engine, const KeptChange& kept, const std::string& directory) {
  std::vector<std::string> names;
  const auto git = find_git(engine.environment);
  if (!git) return names;
  const CancelToken never;
  const auto files = kept.files(*git, {never, Deadline::in(kLongestLook)});
  if (!files) return names;
  for (const ChangedFile& file : files->files)
    names.push_back(engine.redact(one_line((kept.record().root / file.path).lexically_relative(directory).string())));
  return names;
}

HalfChange::Part part_of(const AttemptRow& row) {
  return {row.backend, outcome_named(row.outcome).value_or(Outcome::internal), row.written_files};
}

}  // namespace

void add_attempt(HalfChange& change, const Attempt& attempt) {
  if (attempt.may_have_written && !is_answer(attempt.outcome))
    change.parts.push_back({attempt.backend, attempt.outcome, attempt.written_files});
}

Result<HalfChange> half_change_in(const Engine& engine, const std::string& directory, const std::string& but_run) {
  HalfChange change;
  if (engine.ledger == nullptr) return change;
  TRY(const auto run, engine.ledger->last_change(directory, but_run));
  if (!run || is_answer_named(run->outcome)) return change;
  const auto kept = KeptChange::open(changes_directory(engine), run->id);
  if (kept && !kept->record().is_in_files) return change;  // it was taken back
  TRY(const auto attempts, engine.ledger->attempts(run->id));
  for (const AttemptRow& row : attempts)
    if (row.may_have_written && !is_answer_named(row.outcome)) change.parts.push_back(part_of(row));
  const auto names = kept ? names_in(engine, *kept, directory) : std::vector<std::string>();
  if (!names.empty())
    for (HalfChange::Part& part : change.parts) part.files = names;
  const bool was_killed = !run->took && engine.breakers.is_dead(run->owner);
  if (was_killed) change.parts.push_back({{}, Outcome::killed_by_signal, {}});
  return change;
}

std::string handover(const HalfChange& change) {
  if (change.parts.empty()) return {};
  std::string text = "\n\n---\nThis task is not new: ";
  std::vector<std::string> files;
  std::vector<std::string> who;
  for (const HalfChange::Part& part : change.parts) {
    who.push_back((part.backend.empty() ? "another agent" : part.backend) + " (" +
                  std::string(words_for(part.outcome)) + ")");
    for (const std::string& file : part.files)
      if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  text += join(who, ", then ") + " began it in these files and did not finish. ";
  if (files.empty()) text += "Which files were changed is not known. ";
  else text += "Among the files that were changed: " + join(first_of(files, kMostHandedOver), ", ") + ". ";
  return text + "Look at the present state first, and go on from there; do not repeat or undo what is right.";
}

std::string words_for_files(const std::vector<std::string>& files) {
  if (files.empty()) return "files";
  const std::size_t more = files.size() - std::min(files.size(), kMostNamed);
  return join(first_of(files, kMostNamed), ", ") + (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

}  // namespace delegate
