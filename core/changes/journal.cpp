#include "core/changes/journal.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/changes/git.hpp"

namespace delegate {
namespace {

constexpr const char* kFormat = "delegate journal 1";
constexpr const char* kPreparing = "preparing";
constexpr const char* kStepping = "stepping";
constexpr std::size_t kLargestJournal = 256u << 20;
constexpr std::size_t kHeaderFields = 3;
constexpr std::size_t kFieldsOfStep = 4;

/// Fields that end in NUL, because a path may hold any other byte.
std::string journal_text(const RootedTree& tree, const char* phase, const std::vector<Step>& steps) {
  std::string text;
  const auto add = [&text](const std::string& field) { (text += field) += '\0'; };
  add(kFormat), add(phase), add(tree.root().string());
  for (const Step& step : steps) {
    add(step.kind == Step::Kind::write ? "write" : "remove");
    add(step.path), add(step.temporary), add(step.expected);
  }
  return text;
}

Result<std::vector<Step>> steps_in(const std::vector<std::string>& fields, const Path& journal) {
  if (fields.size() < kHeaderFields || fields[0] != kFormat || (fields.size() - kHeaderFields) % kFieldsOfStep != 0)
    return fail(Code::data_loss, journal.string() + ": not a journal of this version");
  std::vector<Step> steps;
  for (std::size_t i = kHeaderFields; i < fields.size(); i += kFieldsOfStep)
    steps.push_back({.kind = fields[i] == "write" ? Step::Kind::write : Step::Kind::remove,
                     .path = fields[i + 1],
                     .temporary = fields[i + 2],
                     .expected = fields[i + 3]});
  return steps;
}

bool is_as_expected(const RootedTree& tree, const Step& step) {
  const auto facts = tree.look(step.path);
  return facts && facts->identity == step.expected;
}

void remove_temporaries(const RootedTree& tree, const std::vector<Step>& steps) {
  for (const Step& step : steps)
    if (step.kind == Step::Kind::write) static_cast<void>(tree.remove(step.temporary));  // may not be there
}

/// False: something else is there now, or it may not be removed.
bool take_removal(const RootedTree& tree, const Step& step) {
  const auto facts = tree.look(step.path);
  if (!facts) return false;
  if (facts->kind == FileFacts::Kind::absent || facts->kind == FileFacts::Kind::blocked) return true;
  if (facts->identity != step.expected || !tree.remove(step.path)) return false;
  tree.remove_empty_parents(step.path);
  return true;
}

bool take_write(const RootedTree& tree, const Step& step) {
  const auto temporary = tree.look(step.temporary);
  if (temporary && temporary->kind == FileFacts::Kind::absent) return true;  // it was done before the kill
  const auto facts = tree.look(step.path);
  if (!facts || facts->identity != step.expected) return false;
  if (facts->kind == FileFacts::Kind::directory && !tree.remove_directory(step.path)) return false;
  return tree.make_parents(step.path) && tree.rename(step.temporary, step.path);
}

Status write_temporaries(const RootedTree& tree, const std::vector<Step>& steps) {
  for (const Step& step : steps)
    if (step.kind == Step::Kind::write) TRY_STATUS(tree.copy_from(step.source, step.temporary, step.mode));
  return {};
}

Status check_steps(const RootedTree& tree, const std::vector<Step>& steps, std::vector<std::string>& moved_on) {
  for (const Step& step : steps) {
    if (!is_as_expected(tree, step)) moved_on.push_back(step.path);
    if (step.kind == Step::Kind::remove && !tree.may_change(step.path))
      return fail(Code::permission_denied, "remove " + (tree.root() / step.path).string() + ": not permitted");
  }
  return {};
}

void forget_journal(const Path& journal) {
  std::error_code ignored;  // what stays is a journal of steps that are done
  std::filesystem::remove(journal, ignored);
}

}  // namespace

Result<std::vector<std::string>> prepare(const RootedTree& tree, const Path& journal, const std::vector<Step>& steps) {
  TRY_STATUS(replace_file(journal, journal_text(tree, kPreparing, steps), 0600));
  std::vector<std::string> moved_on;
  Status ready = write_temporaries(tree, steps);
  if (ready) ready = check_steps(tree, steps, moved_on);
  if (ready && moved_on.empty()) ready = replace_file(journal, journal_text(tree, kStepping, steps), 0600);
  if (ready && moved_on.empty()) return moved_on;
  remove_temporaries(tree, steps);
  forget_journal(journal);
  if (!ready) return tl::unexpected(std::move(ready).error());
  return moved_on;
}

std::vector<std::string> take_steps(const RootedTree& tree, const std::vector<Step>& steps, std::size_t most) {
  std::vector<std::string> left;
  for (std::size_t i = 0; i < std::min(most, steps.size()); ++i) {
    const Step& step = steps[i];
    const bool is_done = step.kind == Step::Kind::write ? take_write(tree, step) : take_removal(tree, step);
    if (is_done) continue;
    left.push_back(step.path);
    if (step.kind == Step::Kind::write) static_cast<void>(tree.remove(step.temporary));
  }
  return left;
}

Result<Performed> perform(const RootedTree& tree, const Path& journal, const std::vector<Step>& steps) {
  TRY(std::vector<std::string> moved_on, prepare(tree, journal, steps));
  if (!moved_on.empty()) return Performed{.moved_on = std::move(moved_on)};
  return Performed{.left = take_steps(tree, steps)};
}

Result<Completion> complete(const Path& journal) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(journal, error))) return Completion{};
  TRY(const std::string text, read_file(journal, kLargestJournal));
  const std::vector<std::string> fields = split_at_nul(text);
  TRY(const std::vector<Step> steps, steps_in(fields, journal));
  TRY(const RootedTree tree, RootedTree::open(fields[2]));
  if (fields[1] == kStepping) return Completion{true, take_steps(tree, steps)};
  remove_temporaries(tree, steps);
  forget_journal(journal);
  return Completion{};
}

}  // namespace delegate
