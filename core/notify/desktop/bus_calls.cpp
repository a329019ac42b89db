#include "core/notify/desktop/bus_calls.hpp"

#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr const char* kBus = "org.freedesktop.DBus";
constexpr const char* kBusPath = "/org/freedesktop/DBus";
constexpr const char* kNoOwner = "org.freedesktop.DBus.Error.NameHasNoOwner";

std::string within(milliseconds timeout) { return " within " + std::to_string(timeout.count()) + " ms"; }

}  // namespace

tl::unexpected<Error> error_reply(const std::string& what, const ErrorReply& error) {
  return fail(Code::unavailable, what + ": " + one_line(error.words.empty() ? error.name : error.words, 160));
}

Status BusCalls::wait(const BusCall& call, const std::string& who) {
  Status waited = bus_.wait(call, by_);
  if (!waited && waited.error().code == Code::deadline_exceeded)
    return fail(Code::deadline_exceeded, who + " did not answer" + within(timeout_));
  return waited;
}

Status BusCalls::ask_bus(const char* member, const char* argument, BusCall& call) {
  TRY(const Message message, bus_.call_to(kBus, kBusPath, kBus, member));
  if (argument != nullptr) sd_bus_message_append(message.get(), "s", argument);
  TRY_STATUS(bus_.send(*message, call));
  return wait(call, "the session bus");
}

Result<std::optional<std::string>> BusCalls::owner_of(const char* name) {
  BusCall call;
  TRY_STATUS(ask_bus("GetNameOwner", name, call));
  if (const auto error = call.error()) {
    if (error->name == kNoOwner) return std::nullopt;
    return error_reply("the session bus", *error);
  }
  TRY(std::string owner, call.text());
  return std::optional<std::string>(std::move(owner));
}

Result<bool> BusCalls::can_start(const char* name) {
  BusCall call;
  TRY_STATUS(ask_bus("ListActivatableNames", nullptr, call));
  if (const auto error = call.error()) return error_reply("the session bus", *error);
  return call.lists(name);
}

/// Started explicitly, not by auto-start of the call: a call that waits for the start could still be carried out after
/// the deadline. This way a notice that timed out here was never sent.
Status BusCalls::start(const char* name, milliseconds timeout) {
  TRY(const Message message, bus_.call_to(kBus, kBusPath, kBus, "StartServiceByName"));
  sd_bus_message_append(message.get(), "su", name, 0u);
  BusCall call;
  TRY_STATUS(bus_.send(*message, call));
  const Status waited = bus_.wait(call, Deadline::in(timeout));
  if (!waited && waited.error().code == Code::deadline_exceeded)
    return fail(Code::deadline_exceeded, "the notification server did not start" + within(timeout));
  TRY_STATUS(waited);
  if (const auto error = call.error()) return error_reply("cannot start the notification server", *error);
  by_ = Deadline::in(timeout_);
  return {};
}

std::map<std::string, std::string> BusCalls::environment_of_systemd() {
  constexpr const char* kSystemd = "org.freedesktop.systemd1";
  const auto message = bus_.call_to(kSystemd, "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties", "Get");
  if (!message) return {};
  sd_bus_message_append(message->get(), "ss", "org.freedesktop.systemd1.Manager", "Environment");
  BusCall call;
  if (!bus_.send(**message, call) || !bus_.wait(call, by_) || call.error()) return {};
  std::map<std::string, std::string> environment;
  const auto entries = call.texts_in_variant();
  for (const std::string& entry : entries.value_or(std::vector<std::string>()))
    if (const std::size_t equals = entry.find('='); equals != std::string::npos)
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  return environment;
}

}  // namespace delegate::notify::desktop
