#pragma once
#include "core/run/ask.hpp"
#include "core/run/writers.hpp"

// Why a run has no answer, and what to do about it. Pure.
namespace delegate {

/// What is known at the end of a run without an answer. Of the result everything is filled in but the explanation.
struct NoAnswerFacts {
  const RunResult& result;
  const WriterRefusal* refusal = nullptr;  // why it did not get the directory in which it was to change files
  std::optional<Error> blocked = {};       // why the run was not allowed to begin
  bool cancelled = false;
  bool deadline_passed = false;
  int broken_attempt = 0;  // the attempt that failed after a part of its answer was shown; 0: none
  /// What to do about the single backend that was asked for by name and skipped; nothing: say it in general.
  std::optional<std::string> named_skip_hint = {};
};

/// What a run ends with that could ask none because of these.
Outcome outcome_of_skips(const std::vector<Skip>& skips);

struct NoAnswer {
  Outcome outcome = Outcome::internal;
  std::string message;  // one line
  std::string hint;
};
/// What to do about the only backend that was skipped, or that has quota which is kept back; nothing: there are
/// several, or it is not configured.
std::optional<std::string> named_skip_hint(const Engine& engine, const RunResult& result);

NoAnswer explain_no_answer(const NoAnswerFacts& facts);

/// "codex: exit code 3 (it may have changed a.cpp)", as the message of a run names a failed attempt.
std::string failure_words(const Attempt& attempt);

}  // namespace delegate
