#pragma once
#include <functional>

#include "core/base/deadline.hpp"
#include "core/base/redact.hpp"
#include "core/os/cancel.hpp"
#include "core/os/file.hpp"
#include "core/run/backend.hpp"

namespace delegate {

inline constexpr std::size_t kLongestAnswer = 64u << 20;  // bytes
/// A record, or a response that is not a stream: it is parsed between two looks at the clock, in less than a second.
inline constexpr std::size_t kLongestRecord = 16u << 20;  // bytes

/// What the run adds to a backend's description of a call.
struct CallLimits {
  Deadline deadline = Deadline::never();  // of the run; the attempt's own timeout is in the settings
  Path scratch;                           // directory for private files; created when needed
  std::string tag;                        // DELEGATE_RUN_ID of the child: unique to the attempt
  bool fresh_connections = false;         // do not reuse connections: some were lost just now
  int depth = 0;                          // DELEGATE_DEPTH of the child
  const Redactor* secrets = nullptr;      // must not be in the arguments of a process; null: no check
};

/// A call that has ended: its parsed output and the judgement on it.
struct CallEnd {
  ParsedOutput parsed;
  Failure failure;  // its outcome may be an answer
  std::optional<int> exit_code;
  bool has_started = false;  // a process, or its request was sent
  milliseconds took{0};
};

/// Called whenever more of the output has been parsed.
using OnParsed = std::function<void(const ParsedOutput&)>;

/// Makes one call to one backend, from its lookups to the judgement. Blocks; never throws; a cancel takes effect at
/// once.
CallEnd make_call(const Backend& backend, const Task& task, const CallLimits& limits, const CancelToken& cancel,
                  const OnParsed& on_parsed = {});

}  // namespace delegate
