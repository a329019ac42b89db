#pragma once
#include <string>
#include <vector>

#include "core/run/ask.hpp"

// What there is to say about a finished run besides its answer. Pure: facts in, sentences out; the terminal, JSON,
// agents and background jobs use the same ones.
namespace delegate {

struct Remark {
  enum class Kind {
    degraded,  // the fixed line that scripts match: "[delegate:degraded] …"
    error,     // why there is no answer
    note,      // anything else worth knowing
    hint,      // the one thing to do about it
    detail,    // a line that belongs to the one before it, as it is
  };
  Kind kind = Kind::note;
  std::string text;
  bool is_about_failure = false;  // also wanted by a person who asked for quiet

  bool operator==(const Remark&) const = default;
};
using Remarks = std::vector<Remark>;

/// Degradation, which backend answered instead and why, trips, recoveries, warnings, errors.
Remarks explain(const RunResult& result);

/// As it stands on stderr: `delegate: TEXT`, `hint: TEXT`.
std::string line_of(const Remark& remark);

/// "codex goes first: it has 62 % of its week left until Tue 09:00, claude 20 % until Mon 14:00".
std::string describe(const Preference& preference);
/// "billed extra: its 5 h window is used up until 16:40", for the answer of an attempt with these windows.
std::string extra_billing_words(const std::vector<WindowView>& windows, milliseconds now);

/// "gemini skipped (open, retry in 42 s: sign-in expired)".
std::string describe(const Skip& skip);
/// "gemini skipped (open, retry in 42 s)".
std::string describe_shortly(const Skip& skip);
/// "claude failed after 3 s: …".
std::string describe(const Attempt& attempt);
/// A backend that was never there is no news; one that is normally used is.
bool is_news(const Skip& skip);
/// Answered by another backend than usual, or not at all.
bool is_degraded(const RunResult& result);

}  // namespace delegate
