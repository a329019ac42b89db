#include "core/notify/desktop/deliver.hpp"

#include <unistd.h>

#include <chrono>

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

tl::unexpected<Error> refused(const std::string& who, const ErrorAnswer& error) {
  return fail(Code::unavailable, who + ": " + one_line(error.words.empty() ? error.name : error.words, 160));
}

std::string within(milliseconds patience) { return " within " + std::to_string(patience.count()) + " ms"; }

/// One errand: connection, deadline and notice belong together.
class Errand {
 public:
  Errand(const Notice& notice, SessionBus bus, Deadline by, milliseconds patience)
      : notice_(notice), bus_(std::move(bus)), by_(by), patience_(patience) {}

  /// The unique name of the server, or nothing when none runs.
  Result<std::optional<std::string>> running_server();
  Result<bool> can_start_server();
  Status start_server(Deadline by, milliseconds patience);
  /// Closes and shows, and says in the delivery what became of it. The error is what the person should know.
  Status do_it(const std::string& server, Delivery& delivery);

 private:
  Status ask_bus(const char* member, const char* argument, Call& call);
  Status send_close(const std::string& server, std::uint32_t id, Call& call);
  Status send_notify(const std::string& server, std::uint32_t replaces, Call& call);
  Status hear_shown(const Call& call, const std::string& identity, Delivery& delivery);
  Status hear_closed(const Call& call, Delivery& delivery);
  Status said_late(Status waited, const std::string& who) const;

  const Notice& notice_;
  SessionBus bus_;
  Deadline by_;
  milliseconds patience_;
};

Status Errand::said_late(Status waited, const std::string& who) const {
  if (!waited && waited.error().code == Code::deadline_exceeded)
    return fail(Code::deadline_exceeded, who + " did not answer" + within(patience_));
  return waited;
}

Status Errand::ask_bus(const char* member, const char* argument, Call& call) {
  TRY(const Message message, bus_.call_to(kBus, kBusPath, kBus, member));
  if (argument != nullptr) sd_bus_message_append(message.get(), "s", argument);
  TRY_STATUS(bus_.send(*message, call));
  return said_late(bus_.wait(call, by_), "the session bus");
}

Result<std::optional<std::string>> Errand::running_server() {
  Call call;
  TRY_STATUS(ask_bus("GetNameOwner", kServer, call));
  if (const auto error = call.error()) {
    if (error->name == kNoOwner) return std::nullopt;
    return refused("the session bus", *error);
  }
  TRY(std::string name, call.text());
  return std::optional<std::string>(std::move(name));
}

Result<bool> Errand::can_start_server() {
  Call call;
  TRY_STATUS(ask_bus("ListActivatableNames", nullptr, call));
  if (const auto error = call.error()) return refused("the session bus", *error);
  return call.lists(kServer);
}

/// Not by letting Notify start it: that would be lost if it took too long, and shown after all if it took a bit less.
/// So, what was given up was never sent.
Status Errand::start_server(Deadline by, milliseconds patience) {
  by_ = by;
  patience_ = patience;
  TRY(const Message message, bus_.call_to(kBus, kBusPath, kBus, "StartServiceByName"));
  sd_bus_message_append(message.get(), "su", kServer, 0u);
  Call call;
  TRY_STATUS(bus_.send(*message, call));
  const Status waited = bus_.wait(call, by_);
  if (!waited && waited.error().code == Code::deadline_exceeded)
    return fail(Code::deadline_exceeded, "the notification server did not start" + within(patience_));
  TRY_STATUS(waited);
  if (const auto error = call.error()) return refused("the notification server cannot be started", *error);
  return {};
}

Status Errand::send_close(const std::string& server, std::uint32_t id, Call& call) {
  TRY(const Message message, bus_.call_to(server, kServerPath, kServer, "CloseNotification"));
  sd_bus_message_append(message.get(), "u", id);
  return bus_.send(*message, call);
}

/// No "desktop-entry": GNOME takes the notification away when a sender that it knows as an application ends. No
/// "transient", no actions: whoever comes back later shall find it, and nobody is there to hear a click.
Status Errand::send_notify(const std::string& server, std::uint32_t replaces, Call& call) {
  TRY(const Message message, bus_.call_to(server, kServerPath, kServer, "Notify"));
  sd_bus_message* m = message.get();
  const std::string summary = summary_text(notice_.summary);
  const std::string body = body_markup(notice_.body);
  int wrong =
      sd_bus_message_append(m, "susssas", "delegate", replaces, notice_.icon.c_str(), summary.c_str(), body.c_str(), 0);
  if (wrong >= 0) wrong = sd_bus_message_open_container(m, 'a', "{sv}");
  // A byte: servers take no notice of it as any other number.
  if (wrong >= 0) wrong = sd_bus_message_append(m, "{sv}", "urgency", "y", static_cast<int>(notice_.urgency));
  if (wrong >= 0 && !notice_.category.empty())
    wrong = sd_bus_message_append(m, "{sv}", "category", "s", notice_.category.c_str());
  if (wrong >= 0) wrong = sd_bus_message_close_container(m);
  if (wrong >= 0) wrong = sd_bus_message_append(m, "i", kServerDecidesHowLong);
  if (wrong < 0) return fail(Code::internal, "the notification cannot be written: " + errno_text(-wrong));
  return bus_.send(*m, call);
}

Status Errand::hear_shown(const Call& call, const std::string& identity, Delivery& delivery) {
  if (const Status waited = bus_.wait(call, by_); !waited) {
    // What has left this process may be read and shown at any later time.
    delivery.maybe = bus_.all_sent();
    return said_late(waited, "the notification server");
  }
  if (const auto error = call.error()) {
    if (error->name == kNoReply) return fail(Code::closed, "the notification server ended before it answered");
    return refused("the notification server refuses it", *error);
  }
  TRY(const std::uint32_t id, call.number());
  delivery.delivered = true;
  delivery.shown = Shown{.id = id, .server = identity};
  return {};
}

Status Errand::hear_closed(const Call& call, Delivery& delivery) {
  TRY_STATUS(said_late(bus_.wait(call, by_), "the notification server"));
  if (const auto error = call.error()) return refused("the notification server does not close it", *error);
  delivery.closed = true;
  return {};
}

Status Errand::do_it(const std::string& server, Delivery& delivery) {
  TRY(const std::string guid, bus_.guid());
  const std::string identity = guid + "/" + server;
  const auto known = [&](const std::optional<Shown>& shown) { return shown && shown->server == identity; };
  Call closing;
  Call showing;
  if (known(notice_.close)) TRY_STATUS(send_close(server, notice_.close->id, closing));
  Status shown;
  if (!notice_.summary.empty()) {
    const std::uint32_t replaces = known(notice_.replaces) ? notice_.replaces->id : 0;
    TRY_STATUS(send_notify(server, replaces, showing));
    shown = hear_shown(showing, identity, delivery);
    delivery.replaced = delivery.delivered && replaces != 0 && delivery.shown->id == replaces;
  }
  Status closed;
  if (known(notice_.close)) closed = hear_closed(closing, delivery);
  else if (notice_.close) closed = fail(Code::not_found, "the notification to close was shown by another server");
  return shown ? closed : shown;
}

bool has_display(const std::map<std::string, std::string>& environment) {
  for (const char* name : {"WAYLAND_DISPLAY", "DISPLAY"})
    if (const auto found = environment.find(name); found != environment.end() && !found->second.empty()) return true;
  return false;
}

Status run(const Notice& notice, const std::map<std::string, std::string>& environment,
           const std::function<void(milliseconds)>& on_activation, Delivery& delivery) {
  const Steady begun = std::chrono::steady_clock::now();
  const Deadline by = Deadline::at(begun + notice.budget);
  TRY(SessionBus bus, SessionBus::open(bus_places(environment, ::geteuid()), by));
  Errand errand(notice, std::move(bus), by, notice.budget);
  TRY(auto server, errand.running_server());
  if (!server) {
    const std::string none = "no notification server runs";
    if (notice.summary.empty()) return fail(Code::not_found, none + ", so nothing is left to close");
    if (!has_display(environment)) return fail(Code::not_found, none + ", and there is no display for one");
    TRY(const bool startable, errand.can_start_server());
    if (!startable) return fail(Code::not_found, none + ", and the session has none to start");
    if (notice.activation <= milliseconds(0)) return fail(Code::not_found, none + ", and none shall be started");
    on_activation(notice.activation);
    TRY_STATUS(errand.start_server(Deadline::at(begun + notice.activation), notice.activation));
    TRY(server, errand.running_server());
    if (!server) return fail(Code::unavailable, "the notification server ended as soon as it was started");
  }
  return errand.do_it(*server, delivery);
}

}  // namespace

Delivery deliver(const Notice& notice, const std::map<std::string, std::string>& environment,
                 const std::function<void(milliseconds)>& on_activation) {
  const Steady begun = std::chrono::steady_clock::now();
  Delivery delivery;
  if (notice.close) delivery.closed = false;
  if (const Status done = run(notice, environment, on_activation, delivery); !done)
    delivery.reason = one_line(done.error().what, 300);
  delivery.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
  return delivery;
}

}  // namespace delegate::notify::desktop
