#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/route/task_type.hpp"
#include "core/run/backend.hpp"

namespace delegate {

inline constexpr std::string_view kAuto = "auto";

/// Material that the prompt is about.
struct Material {
  std::string name;  // of a file, as the person gave it; empty: what came on stdin
  std::string text;
};

/// How the answer is wanted while it is being written.
enum class Streaming {
  none,     // not before it is whole
  certain,  // what is certain to be the answer, as it comes: for a pipe
  drafts,   // everything that is written, even if it may be taken back: for a person's eyes
};

/// What was asked.
struct Request {
  std::string prompt;
  std::vector<Material> materials;
  std::string system;
  std::string backend{kAuto};
  std::optional<TaskType> type;  // else inferred from the prompt
  std::string model;             // only with a named backend
  std::optional<Tier> tier;      // model, if given, is stronger
  std::string session;           // only with a named backend
  std::string cwd;
  Access access = Access::read_only;
  std::optional<milliseconds> timeout;  // the whole run; else router.timeout
  std::optional<bool> fallback;         // else: on for auto, off for a named backend
  Streaming streaming = Streaming::none;
  bool waits_for_slot = false;  // while all who could be asked have none free, until its time is over
  std::string run_id = {};      // that was handed out already; empty: a new one
};

enum class SkipReason { breaker_open, probe_running, tripped_manually, no_slot, not_installed, disabled, login_unset };
std::string_view to_string(SkipReason reason);

/// A candidate that was not tried.
struct Skip {
  std::string backend;
  SkipReason reason = SkipReason::disabled;
  std::optional<milliseconds> retry_in;  // absent: until somebody changes it
  std::string message;                   // its last failure, or why it is off
  std::string variable = {};             // with login_unset: what is not set
  bool login_refused = false;            // it is skipped for a reason that another login of the backend does not share
  bool limit_probe_due = false;          // of a limit that still runs: somebody may ask whether it is over
};

/// One try at one backend.
struct Attempt {
  int number = 0;
  std::string backend;
  std::string kind;
  std::string model;
  Outcome outcome = Outcome::internal;
  std::string message;
  std::string hint;
  bool probe = false;
  bool background_probe = false;  // a slow probe: a question of ours, whose answer is nobody's
  bool counted = false;
  bool tripped = false;                  // this attempt opened the breaker
  bool recovered = false;                // … or closed it
  std::optional<milliseconds> retry_at;  // wall; when the vendor said so
  milliseconds started_at{0};            // wall
  milliseconds took{0};
  std::optional<int> exit_code;
  std::string text;
  std::string session_id;
  Usage usage;
  std::vector<std::string> warnings;
};

}  // namespace delegate
