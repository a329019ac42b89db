#include "cli/mcp/connection.hpp"

#include <utility>

namespace delegate::mcp {

class Connection::Speaker {
 public:
  Speaker(Service&, Limits) {}
};

Connection::Connection(Service& service, Limits limits) : speaker_(std::make_unique<Speaker>(service, limits)) {}
Connection::~Connection() = default;

void Connection::feed(std::string_view) {}
void Connection::end_of_input() {}
std::string Connection::take_output() { return {}; }
bool Connection::finish(CallId, Answer) { return false; }
void Connection::progress(CallId, const Progress&) {}
void Connection::log(LogLevel, const std::string&, const Json&, std::optional<CallId>) {}
void Connection::resource_updated(const std::string&) {}
void Connection::list_changed(List) {}

}  // namespace delegate::mcp
