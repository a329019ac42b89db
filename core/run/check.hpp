#pragma once
#include "core/run/engine.hpp"

// Checks on request: is a backend installed, is it reachable, does it answer?
namespace delegate {

struct VersionAnswer {
  bool works = false;
  std::string text;  // the version, or why not
  Outcome outcome = Outcome::internal;
  std::string hint;
  milliseconds took{0};
};
/// Runs `--version`, or requests the server's version. The breaker is not involved.
VersionAnswer ask_version(const Candidate& candidate, const CancelToken& cancel,
                          milliseconds timeout = milliseconds(10'000));

/// Would a call to a server find a model? Only its list of models is requested, and the breaker is not involved.
struct ModelAnswer {
  bool works = false;
  std::string text;   // which model would be used, if the kind can tell; or why none
  std::string model;  // its name
  Outcome outcome = Outcome::internal;
  std::string hint;
};
ModelAnswer ask_for_model(const Candidate& candidate, const CancelToken& cancel, milliseconds timeout);

/// A remote service (https), as opposed to a server of this person's: never called just for a check.
bool is_service(const Candidate& candidate);

/// Could a call begin, apart from breaker and slots? An installed program and a remote service are assumed to work; a
/// server of this person's may not be running, so its models are requested.
/// `model`, if given, gets the name of the one that a server of this person's would be asked for.
bool is_reachable(const Candidate& candidate, const CancelToken& cancel, milliseconds timeout,
                  std::string* model = nullptr);

/// A server's program, as far as it can be seen without a request to it.
enum class ServerTrace {
  listening,    // on this machine
  not_running,  // nothing listens; its program is installed here, or its address was configured
  absent,
  elsewhere,  // on another machine: not looked for
};
/// For a candidate that is no CLI.
ServerTrace find_server(const Candidate& candidate);

/// A CLI's login, as far as it can be detected without a call: an expired one counts as found.
struct LoginTrace {
  bool found = true;        // also if it cannot be detected
  std::string usual_place;  // where it would be: "/home/you/.codex/auth.json"
  std::string doubt;        // of one that was found: see DoubtfulLogin
  std::string hint;
};
LoginTrace find_login(const Candidate& candidate);

/// The smallest request that reaches a model: one line, read-only, the least effort. The model stays the same, because
/// limits often apply to one model.
Task smallest_task(const Candidate& candidate);
/// How long its answer may take.
inline constexpr milliseconds kSmallestTaskTimeout{120'000};

struct PingAnswer {
  bool works = false;
  Outcome outcome = Outcome::internal;
  std::string message;  // the model that answered, or why there was no answer
  std::string hint;
  milliseconds took{0};
};
/// A real one-line call through breaker and slot; its outcome counts by the health column of the outcome table. If the
/// breaker is open, this call is the probe.
PingAnswer ping(const Engine& engine, const Candidate& candidate, const CancelToken& cancel);

}  // namespace delegate
