#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/mcp/service.hpp"

namespace delegate::mcp {

/// How much memory one client can make us use.
struct Limits {
  std::size_t line_bytes = 16u << 20;
  std::size_t calls = 1024;  // without an answer
  std::size_t tasks = 256;   // kept, finished ones included
};

struct Progress {
  double done = 0;
  std::optional<double> total;
  std::string message;
};

class Session;

/// One client on stdio. The version of each of its messages decides how it is handled: 2024-11-05 to 2025-11-25 after
/// `initialize`, 2026-07-28 by the `_meta` of a request. No input or output, no threads, no clock of its own: bytes in,
/// bytes out.
///
/// No input makes it throw, or hold more than Limits allow. Not thread-safe. `service` outlives it.
class Connection {
 public:
  explicit Connection(Service& service, Limits limits = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Input from the client, in pieces of any length.
  void feed(std::string_view bytes);
  /// The client closed its side. A last line without a newline is read, then all calls are cancelled.
  void end_of_input();
  /// The messages to write, one a line; empty if there are none. Each is returned once.
  std::string take_output();

  /// Answers a call. False: it was cancelled or answered before.
  bool finish(CallId id, const Answer& answer);
  /// Sent only to a client that wants it, and only if `done` has grown. The message is also the status of a task.
  void progress(CallId id, const Progress& progress);
  /// Answers the request of a call of a tool with a task of this name, which is unique and hard to guess; the result of
  /// the call is then kept for the client to fetch. True: the call is a task, perhaps since its beginning. False: its
  /// client has not declared the tasks extension of 2026-07-28, the tool allows no tasks, or there are too many.
  bool make_task(CallId id, const std::string& name, const std::string& status_message);

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace delegate::mcp
