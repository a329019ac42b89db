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
  std::size_t calls = 1024;          // without an answer
  std::size_t tasks = 256;           // kept, finished ones included
  std::size_t subscriptions = 1024;  // resources, and streams of 2026-07-28
};

struct Progress {
  double done = 0;
  std::optional<double> total;
  std::string message;
};

enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };

enum class List { tools, prompts, resources };

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
  /// Sent only to a client that wants it, and only if `done` has grown.
  void progress(CallId id, const Progress& progress);
  /// Sent only if the client wants this level; before 2026-07-28 also without a call.
  void log(LogLevel level, const std::string& logger, const Json& data, std::optional<CallId> about = {});
  /// Sent only if the client has subscribed.
  void resource_updated(const std::string& uri);
  void list_changed(List list);

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace delegate::mcp
