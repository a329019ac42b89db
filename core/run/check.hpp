#pragma once
#include "core/run/engine.hpp"

// Checks that a person asks for: is it there, does it answer?
namespace delegate {

struct VersionAnswer {
  bool works = false;
  std::string text;  // the version, or why not
  Outcome outcome = Outcome::internal;
  std::string hint;
  milliseconds took{0};
};
/// Runs `--version`, or asks the server for its version. Counts nothing.
VersionAnswer ask_version(const Candidate& candidate, const CancelToken& cancel,
                          milliseconds timeout = milliseconds(10'000));

/// Would a call find a model? Of servers; asks them what they have, and no model anything. Counts nothing.
struct ModelAnswer {
  bool works = false;
  std::string text;  // which model would be asked, as far as the kind can tell; or why none
  Outcome outcome = Outcome::internal;
  std::string hint;
};
ModelAnswer ask_for_model(const Candidate& candidate, const CancelToken& cancel, milliseconds timeout);

/// Somebody else's, over a network: nobody asks it by the way.
bool is_service(const Candidate& candidate);

/// Could a call begin, its breaker and slots apart? A program that is installed is taken at its word, and so is a
/// service; a server of this person's is asked for its models, because it may not run.
bool is_reachable(const Engine& engine, const std::string& name, const CancelToken& cancel, milliseconds timeout);

/// A login of a CLI, as far as this machine tells without a call: one that has expired is there as well.
struct LoginTrace {
  bool found = true;        // or nobody can tell
  std::string usual_place;  // where it would be: "/home/you/.codex/auth.json"
  std::string hint;
};
LoginTrace find_login(const Candidate& candidate);

/// The smallest question that proves the way to a model: one line, nothing to write, the least effort. The model stays,
/// because limits are often those of one model.
Task smallest_task(const Candidate& candidate);
/// How long its answer may take.
inline constexpr milliseconds kSmallestTaskTimeout{120'000};

struct PingAnswer {
  bool works = false;
  Outcome outcome = Outcome::internal;
  std::string message;  // the model that answered, or why none did
  std::string hint;
  milliseconds took{0};
};
/// A live one-line call through breaker and slot; its outcome counts by the health column of the table. An open breaker
/// does not keep it away: it is then the probe.
PingAnswer ping(const Engine& engine, const Candidate& candidate, const CancelToken& cancel);

}  // namespace delegate
