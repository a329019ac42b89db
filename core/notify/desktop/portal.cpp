#include "core/notify/desktop/portal.hpp"

#include <array>

#include "core/base/text.hpp"
#include "core/notify/app_name.hpp"
#include "core/notify/body_markup.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr const char* kPortalPath = "/org/freedesktop/portal/desktop";
constexpr const char* kInterface = "org.freedesktop.portal.Notification";
constexpr const char* kPortalName = "the desktop portal";
constexpr std::array<const char*, 3> kPriorities{"low", "normal", "urgent"};  // in the order of Urgency

Status send_remove(SessionBus& bus, const std::string& portal, const std::string& tag, BusCall& call) {
  TRY(const Message message, bus.call_to(portal, kPortalPath, kInterface, "RemoveNotification"));
  sd_bus_message_append(message.get(), "s", tag.c_str());
  return bus.send(*message, call);
}

/// The body is plain text here, without markup.
Status send_add(SessionBus& bus, const std::string& portal, const Notice& notice, const std::string& tag,
                BusCall& call) {
  TRY(const Message message, bus.call_to(portal, kPortalPath, kInterface, "AddNotification"));
  sd_bus_message* m = message.get();
  const std::string title = summary_text(notice.summary);
  const std::string body = body_text(notice.body);
  const char* priority = kPriorities[static_cast<std::size_t>(notice.urgency)];
  int wrong = sd_bus_message_append(m, "s", tag.c_str());
  if (wrong >= 0) wrong = sd_bus_message_open_container(m, 'a', "{sv}");
  if (wrong >= 0) wrong = sd_bus_message_append(m, "{sv}", "title", "s", title.c_str());
  if (wrong >= 0 && !body.empty()) wrong = sd_bus_message_append(m, "{sv}", "body", "s", body.c_str());
  if (wrong >= 0) wrong = sd_bus_message_append(m, "{sv}", "priority", "s", priority);
  if (wrong >= 0 && !notice.icon.empty())
    wrong = sd_bus_message_append(m, "{sv}", "icon", "(sv)", "themed", "as", 1, notice.icon.c_str());
  if (wrong >= 0) wrong = sd_bus_message_close_container(m);
  if (wrong < 0) return fail(Code::internal, "cannot write the notification: " + errno_text(-wrong));
  return bus.send(*m, call);
}

}  // namespace

Status show_through_portal(BusCalls& calls, const std::string& portal, const Notice& notice, NoticeResult& result) {
  const bool may_close = notice.close && !notice.close->tag.empty();
  BusCall closing;
  BusCall showing;
  if (may_close) TRY_STATUS(send_remove(calls.bus(), portal, notice.close->tag, closing));
  if (!notice.summary.empty()) {
    const bool replaces = notice.replaces && !notice.replaces->tag.empty();
    const std::string& tag = replaces ? notice.replaces->tag : notice.tag;
    // What the portal shows is the name of the sandbox.
    TRY_STATUS(send_add(calls.bus(), portal, with_app_name(notice, {}), tag, showing));
    if (Status waited = calls.wait(showing, kPortalName); !waited) {
      result.maybe = calls.bus().all_sent();
      return waited;
    }
    if (const auto error = showing.error()) return error_reply("the desktop portal rejected it", *error);
    result.delivered = true;
    result.replaced = replaces;
    result.shown = NoticeId{.tag = tag};
  }
  if (!notice.close) return {};
  if (!may_close) return fail(Code::not_found, "the notification to close was shown by another server");
  TRY_STATUS(calls.wait(closing, kPortalName));
  if (const auto error = closing.error()) return error_reply("the desktop portal did not remove it", *error);
  result.closed = true;
  return {};
}

}  // namespace delegate::notify::desktop
