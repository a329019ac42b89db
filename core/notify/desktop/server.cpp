#include "core/notify/desktop/server.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/notify/app_name.hpp"
#include "core/notify/body_markup.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr const char* kServerPath = "/org/freedesktop/Notifications";
constexpr const char* kNoReply = "org.freedesktop.DBus.Error.NoReply";
constexpr const char* kAccessDenied = "org.freedesktop.DBus.Error.AccessDenied";
constexpr const char* kWho = "the notification server";
constexpr std::int32_t kServerDecidesHowLong = -1;

Status send_close(SessionBus& bus, const std::string& server, std::uint32_t id, BusCall& call) {
  TRY(const Message message, bus.call_to(server, kServerPath, kServer, "CloseNotification"));
  sd_bus_message_append(message.get(), "u", id);
  return bus.send(*message, call);
}

/// A hung server gets the notice without an answer, to show it when it goes on.
ServerInformation information_of(BusCalls& calls, const std::string& server) {
  constexpr milliseconds kLongest{1'000};
  const milliseconds half = calls.by().left().value_or(2 * kLongest) / 2;  // of the time that Notify has, too
  SessionBus& bus = calls.bus();
  const auto message = bus.call_to(server, kServerPath, kServer, "GetServerInformation");
  BusCall call;
  if (!message || !bus.send(**message, call)) return {};
  if (!bus.wait(call, Deadline::in(std::min(kLongest, half))) || call.error()) return {};
  auto texts = call.texts(4);
  if (!texts) return {};
  return {.name = std::move((*texts)[0]), .version = std::move((*texts)[2])};
}

/// No "desktop-entry": GNOME removes the notifications of an application that it knows when
/// their sender exits. No "transient", so that the
/// notification is still there for a user who comes back later. No actions, because no process waits for a click.
Status send_notify(SessionBus& bus, const std::string& server, const Notice& notice, std::uint32_t replaces,
                   BusCall& call) {
  TRY(const Message message, bus.call_to(server, kServerPath, kServer, "Notify"));
  sd_bus_message* m = message.get();
  const std::string summary = summary_text(notice.summary);
  const std::string body = body_markup(notice.body);
  int wrong =
      sd_bus_message_append(m, "susssas", "delegate", replaces, notice.icon.c_str(), summary.c_str(), body.c_str(), 0);
  if (wrong >= 0) wrong = sd_bus_message_open_container(m, 'a', "{sv}");
  // Servers ignore the urgency unless it is a byte.
  if (wrong >= 0) wrong = sd_bus_message_append(m, "{sv}", "urgency", "y", static_cast<int>(notice.urgency));
  if (wrong >= 0 && !notice.category.empty())
    wrong = sd_bus_message_append(m, "{sv}", "category", "s", notice.category.c_str());
  if (wrong >= 0) wrong = sd_bus_message_close_container(m);
  if (wrong >= 0) wrong = sd_bus_message_append(m, "i", kServerDecidesHowLong);
  if (wrong < 0) return fail(Code::internal, "cannot write the notification: " + errno_text(-wrong));
  return bus.send(*m, call);
}

Status read_shown(BusCalls& calls, const BusCall& call, const std::string& identity, NoticeResult& result) {
  if (Status waited = calls.wait(call, kWho); !waited) {
    // A notice that has left this process may be shown at any later time.
    result.maybe = calls.bus().all_sent();
    return waited;
  }
  if (const auto error = call.error()) {
    if (error->name == kNoReply) return fail(Code::closed, "the notification server exited before it answered");
    if (error->name == kAccessDenied)
      return fail(Code::permission_denied, "the notification server cannot be called from this sandbox");
    return error_reply("the notification server rejected it", *error);
  }
  TRY(const std::uint32_t id, call.number());
  result.delivered = true;
  result.shown = NoticeId{.id = id, .server = identity};
  return {};
}

Status read_closed(BusCalls& calls, const BusCall& call, NoticeResult& result) {
  TRY_STATUS(calls.wait(call, kWho));
  if (const auto error = call.error()) return error_reply("the notification server did not close it", *error);
  result.closed = true;
  return {};
}

}  // namespace

Status show_at_server(BusCalls& calls, const std::string& server, const Notice& notice, NoticeResult& result) {
  TRY(const std::string guid, calls.bus().guid());
  const std::string identity = guid + "/" + server;
  const auto known = [&](const std::optional<NoticeId>& shown) { return shown && shown->server == identity; };
  BusCall closing;
  BusCall showing;
  if (known(notice.close)) TRY_STATUS(send_close(calls.bus(), server, notice.close->id, closing));
  Status shown;
  if (!notice.summary.empty()) {
    const std::uint32_t replaces = known(notice.replaces) ? notice.replaces->id : 0;
    const Notice named = with_app_name(notice, information_of(calls, server));
    TRY_STATUS(send_notify(calls.bus(), server, named, replaces, showing));
    shown = read_shown(calls, showing, identity, result);
    result.replaced = result.delivered && replaces != 0 && result.shown->id == replaces;
  }
  Status closed;
  if (known(notice.close)) closed = read_closed(calls, closing, result);
  else if (notice.close) closed = fail(Code::not_found, "the notification to close was shown by another server");
  return shown ? closed : shown;
}

}  // namespace delegate::notify::desktop
