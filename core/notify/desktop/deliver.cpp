#include "core/notify/desktop/deliver.hpp"

#include <unistd.h>

#include <chrono>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"
#include "core/notify/body_markup.hpp"
#include "core/notify/desktop/session_bus.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr const char* kBus = "org.freedesktop.DBus";
constexpr const char* kBusPath = "/org/freedesktop/DBus";
constexpr const char* kServer = "org.freedesktop.Notifications";
constexpr const char* kServerPath = "/org/freedesktop/Notifications";
constexpr const char* kNoOwner = "org.freedesktop.DBus.Error.NameHasNoOwner";
constexpr const char* kNoReply = "org.freedesktop.DBus.Error.NoReply";
constexpr std::int32_t kServerDecidesHowLong = -1;

tl::unexpected<Error> error_reply(const std::string& what, const ErrorReply& error) {
  return fail(Code::unavailable, what + ": " + one_line(error.words.empty() ? error.name : error.words, 160));
}

std::string within(milliseconds timeout) { return " within " + std::to_string(timeout.count()) + " ms"; }

/// The calls for one notice, with their connection and deadline.
class NotifyCall {
 public:
  NotifyCall(const Notice& notice, SessionBus bus, Deadline by, milliseconds timeout)
      : notice_(notice), bus_(std::move(bus)), by_(by), timeout_(timeout) {}

  /// The unique name of the server; nothing if none is running.
  Result<std::optional<std::string>> running_server();
  Result<bool> can_start_server();
  Status start_server(Deadline by, milliseconds timeout);
  /// Closes and shows what the notice asks for and fills in the result. An error becomes the reason in it.
  Status perform(const std::string& server, NoticeResult& result);

 private:
  Status ask_bus(const char* member, const char* argument, BusCall& call);
  Status send_close(const std::string& server, std::uint32_t id, BusCall& call);
  Status send_notify(const std::string& server, std::uint32_t replaces, BusCall& call);
  Status read_shown(const BusCall& call, const std::string& identity, NoticeResult& result);
  Status read_closed(const BusCall& call, NoticeResult& result);
  Status with_timeout_text(Status waited, const std::string& who) const;

  const Notice& notice_;
  SessionBus bus_;
  Deadline by_;
  milliseconds timeout_;
};

Status NotifyCall::with_timeout_text(Status waited, const std::string& who) const {
  if (!waited && waited.error().code == Code::deadline_exceeded)
    return fail(Code::deadline_exceeded, who + " did not answer" + within(timeout_));
  return waited;
}

Status NotifyCall::ask_bus(const char* member, const char* argument, BusCall& call) {
  TRY(const Message message, bus_.call_to(kBus, kBusPath, kBus, member));
  if (argument != nullptr) sd_bus_message_append(message.get(), "s", argument);
  TRY_STATUS(bus_.send(*message, call));
  return with_timeout_text(bus_.wait(call, by_), "the session bus");
}

Result<std::optional<std::string>> NotifyCall::running_server() {
  BusCall call;
  TRY_STATUS(ask_bus("GetNameOwner", kServer, call));
  if (const auto error = call.error()) {
    if (error->name == kNoOwner) return std::nullopt;
    return error_reply("the session bus", *error);
  }
  TRY(std::string name, call.text());
  return std::optional<std::string>(std::move(name));
}

Result<bool> NotifyCall::can_start_server() {
  BusCall call;
  TRY_STATUS(ask_bus("ListActivatableNames", nullptr, call));
  if (const auto error = call.error()) return error_reply("the session bus", *error);
  return call.lists(kServer);
}

/// Started explicitly, not by auto-start of Notify: a Notify that waits for the start could still be shown after the
/// deadline. This way a notice that timed out here was never sent.
Status NotifyCall::start_server(Deadline by, milliseconds timeout) {
  by_ = by;
  timeout_ = timeout;
  TRY(const Message message, bus_.call_to(kBus, kBusPath, kBus, "StartServiceByName"));
  sd_bus_message_append(message.get(), "su", kServer, 0u);
  BusCall call;
  TRY_STATUS(bus_.send(*message, call));
  const Status waited = bus_.wait(call, by_);
  if (!waited && waited.error().code == Code::deadline_exceeded)
    return fail(Code::deadline_exceeded, "the notification server did not start" + within(timeout_));
  TRY_STATUS(waited);
  if (const auto error = call.error()) return error_reply("cannot start the notification server", *error);
  return {};
}

Status NotifyCall::send_close(const std::string& server, std::uint32_t id, BusCall& call) {
  TRY(const Message message, bus_.call_to(server, kServerPath, kServer, "CloseNotification"));
  sd_bus_message_append(message.get(), "u", id);
  return bus_.send(*message, call);
}

/// No "desktop-entry": GNOME closes the notifications of an application that exits. No "transient", so that the
/// notification is still there for a user who comes back later. No actions, because no process waits for a click.
Status NotifyCall::send_notify(const std::string& server, std::uint32_t replaces, BusCall& call) {
  TRY(const Message message, bus_.call_to(server, kServerPath, kServer, "Notify"));
  sd_bus_message* m = message.get();
  const std::string summary = summary_text(notice_.summary);
  const std::string body = body_markup(notice_.body);
  int wrong =
      sd_bus_message_append(m, "susssas", "delegate", replaces, notice_.icon.c_str(), summary.c_str(), body.c_str(), 0);
  if (wrong >= 0) wrong = sd_bus_message_open_container(m, 'a', "{sv}");
  // Servers ignore the urgency unless it is a byte.
  if (wrong >= 0) wrong = sd_bus_message_append(m, "{sv}", "urgency", "y", static_cast<int>(notice_.urgency));
  if (wrong >= 0 && !notice_.category.empty())
    wrong = sd_bus_message_append(m, "{sv}", "category", "s", notice_.category.c_str());
  if (wrong >= 0) wrong = sd_bus_message_close_container(m);
  if (wrong >= 0) wrong = sd_bus_message_append(m, "i", kServerDecidesHowLong);
  if (wrong < 0) return fail(Code::internal, "cannot write the notification: " + errno_text(-wrong));
  return bus_.send(*m, call);
}

Status NotifyCall::read_shown(const BusCall& call, const std::string& identity, NoticeResult& result) {
  if (const Status waited = bus_.wait(call, by_); !waited) {
    // A notice that has left this process may be shown at any later time.
    result.maybe = bus_.all_sent();
    return with_timeout_text(waited, "the notification server");
  }
  if (const auto error = call.error()) {
    if (error->name == kNoReply) return fail(Code::closed, "the notification server exited before it answered");
    return error_reply("the notification server rejected it", *error);
  }
  TRY(const std::uint32_t id, call.number());
  result.delivered = true;
  result.shown = NoticeId{.id = id, .server = identity};
  return {};
}

Status NotifyCall::read_closed(const BusCall& call, NoticeResult& result) {
  TRY_STATUS(with_timeout_text(bus_.wait(call, by_), "the notification server"));
  if (const auto error = call.error()) return error_reply("the notification server did not close it", *error);
  result.closed = true;
  return {};
}

Status NotifyCall::perform(const std::string& server, NoticeResult& result) {
  TRY(const std::string guid, bus_.guid());
  const std::string identity = guid + "/" + server;
  const auto known = [&](const std::optional<NoticeId>& shown) { return shown && shown->server == identity; };
  BusCall closing;
  BusCall showing;
  if (known(notice_.close)) TRY_STATUS(send_close(server, notice_.close->id, closing));
  Status shown;
  if (!notice_.summary.empty()) {
    const std::uint32_t replaces = known(notice_.replaces) ? notice_.replaces->id : 0;
    TRY_STATUS(send_notify(server, replaces, showing));
    shown = read_shown(showing, identity, result);
    result.replaced = result.delivered && replaces != 0 && result.shown->id == replaces;
  }
  Status closed;
  if (known(notice_.close)) closed = read_closed(closing, result);
  else if (notice_.close) closed = fail(Code::not_found, "the notification to close was shown by another server");
  return shown ? closed : shown;
}

bool has_display(const std::map<std::string, std::string>& environment) {
  return !variable_in(environment, "WAYLAND_DISPLAY").empty() || !variable_in(environment, "DISPLAY").empty();
}

Status run(const Notice& notice, const std::map<std::string, std::string>& environment,
           const std::function<void(milliseconds)>& on_activation, NoticeResult& result) {
  const Steady begun = std::chrono::steady_clock::now();
  const Deadline by = Deadline::at(begun + notice.budget);
  TRY(SessionBus bus, SessionBus::open(bus_addresses(environment, ::geteuid()), by));
  NotifyCall call(notice, std::move(bus), by, notice.budget);
  TRY(auto server, call.running_server());
  if (!server) {
    const std::string none = "no notification server is running";
    if (notice.summary.empty()) return fail(Code::not_found, none + ", so there is nothing to close");
    if (!has_display(environment)) return fail(Code::not_found, none + ", and there is no display for one");
    TRY(const bool startable, call.can_start_server());
    if (!startable) return fail(Code::not_found, none + ", and the session bus cannot start one");
    if (notice.activation <= milliseconds(0)) return fail(Code::not_found, none + ", and starting one is disabled");
    on_activation(notice.activation);
    TRY_STATUS(call.start_server(Deadline::at(begun + notice.activation), notice.activation));
    TRY(server, call.running_server());
    if (!server) return fail(Code::unavailable, "the notification server exited right after its start");
  }
  return call.perform(*server, result);
}

}  // namespace

NoticeResult deliver(const Notice& notice, const std::map<std::string, std::string>& environment,
                     const std::function<void(milliseconds)>& on_activation) {
  const Steady begun = std::chrono::steady_clock::now();
  NoticeResult result;
  if (notice.close) result.closed = false;
  if (const Status done = run(notice, environment, on_activation, result); !done)
    result.reason = one_line(done.error().what, 300);
  result.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
  return result;
}

}  // namespace delegate::notify::desktop
