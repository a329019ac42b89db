#include "core/mcp/connection.hpp"

#include <utility>

#include "core/mcp/speaker.hpp"

namespace delegate::mcp {

Connection::Connection(Service& service, Limits limits) : speaker_(std::make_unique<Speaker>(service, limits)) {}
Connection::~Connection() = default;

void Connection::feed(std::string_view bytes) { speaker_->feed(bytes); }
void Connection::end_of_input() { speaker_->end_of_input(); }
std::string Connection::take_output() { return speaker_->outbox().take(); }

bool Connection::finish(CallId id, const Answer& answer) { return speaker_->calls().finish(id, answer); }
void Connection::progress(CallId id, const Progress& progress) { speaker_->calls().progress(id, progress); }
void Connection::log(LogLevel level, const std::string& logger, const Json& data, std::optional<CallId> about) {
  speaker_->log(level, logger, data, about);
}
void Connection::resource_updated(const std::string& uri) { speaker_->resource_updated(uri); }
void Connection::list_changed(List list) { speaker_->list_changed(list); }

}  // namespace delegate::mcp
