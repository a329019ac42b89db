#pragma once
#include <functional>

#include "core/base/deadline.hpp"
#include "core/base/redact.hpp"
#include "core/os/cancel.hpp"
#include "core/os/file.hpp"
#include "core/run/backend.hpp"

namespace delegate {

/// What the runner adds to a backend's own description of a call.
struct CallLimits {
  Deadline deadline = Deadline::never();  // of the run; the attempt's own timeout is in the settings
  Path scratch;                           // where private files go; created when needed
  std::string tag;                        // DELEGATE_RUN_ID of the child: unique to the attempt
  bool fresh_connections = false;         // none that was open before: some got lost just now
  int depth = 0;                          // DELEGATE_DEPTH of the child
  const Redactor* secrets = nullptr;      // what must not stand in the arguments of a process; null: not looked at
};

/// A call that is over: what was read, and the judgement on it.
struct CallEnd {
  ParsedOutput parsed;
  Failure failure;  // its outcome may be an answer
  std::optional<int> exit_code;
  milliseconds took{0};
};

/// Called whenever more of the output has been understood.
using OnParsed = std::function<void(const ParsedOutput&)>;

/// Makes one call at one backend, from its lookups to the judgement. Blocks; never throws; cancelled at once.
CallEnd make_call(const Backend& backend, const Task& task, const CallLimits& limits, const CancelToken& cancel,
                  const OnParsed& on_parsed = {});

}  // namespace delegate
