#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/mcp/service.hpp"

namespace delegate::mcp {

/// What one client can make us hold.
struct Limits {
  std::size_t line_bytes = 16u << 20;
  std::size_t calls = 1024;          // in flight
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

class Speaker;

/// One client on stdio, in whichever version each of its messages is: 2024-11-05 to 2025-11-25 after `initialize`,
/// 2026-07-28 by the `_meta` of a request. No input or output, no threads, no clock of its own: bytes in, bytes out.
///
/// Whatever is fed, it throws nothing and holds no more than Limits allow. Not thread-safe. `service` outlives it.
class Connection {
 public:
  explicit Connection(Service& service, Limits limits = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// What came from the client, cut anywhere.
  void feed(std::string_view bytes);
  /// The client closed its side: a last line without its end is read, and all calls are cancelled.
  void end_of_input();
  /// What is to be written, whole messages of a line each; empty when there is nothing. Gives it once.
  std::string take_output();

  /// The answer to a call, once; false when nobody waits for it (cancelled, or finished before).
  bool finish(CallId id, const Answer& answer);
  /// Sent only to a client that asked for it, and only when `done` grew.
  void progress(CallId id, const Progress& progress);
  /// Sent only when the client wants this level; before 2026-07-28 without a call too.
  void log(LogLevel level, const std::string& logger, const Json& data, std::optional<CallId> about = {});
  /// Sent to those that listen.
  void resource_updated(const std::string& uri);
  void list_changed(List list);

 private:
  std::unique_ptr<Speaker> speaker_;
};

}  // namespace delegate::mcp
