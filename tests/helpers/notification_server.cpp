#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

// A fake notification server of the desktop that misbehaves on request. One line of JSON on stdout for each
// call, "ready" once it has its name. Ends with its bus.
//   --wait MS    before it takes its name      --late MS   before it answers Notify
//   --mute       never answers                 --die       on Notify
//   --error NAME answers Notify with this error
//   --is NAME VERSION   what it says it is
//   --portal     is the desktop portal instead
//   --systemd ENTRY     is systemd, too, with this entry in its environment
namespace {

using Json = nlohmann::ordered_json;

struct Behaviour {
  long wait = 0;
  long late = 0;
  bool mute = false;
  bool die = false;
  bool is_portal = false;
  std::string error;
  std::string name = "fake";
  std::string version = "1";
  std::vector<std::string> environment;
};
Behaviour g_behaviour;
std::uint32_t g_last_id = 0;

void pause_for(long milliseconds) { ::usleep(static_cast<useconds_t>(milliseconds * 1000)); }

void tell(const Json& json) {
  std::puts(json.dump().c_str());
  std::fflush(stdout);
}

Json hint_value(sd_bus_message* m) {
  const char* signature = nullptr;
  char type = 0;
  sd_bus_message_peek_type(m, &type, &signature);
  Json value{{"type", signature}, {"value", nullptr}};
  const char* text = nullptr;
  std::uint8_t byte = 0;
  if (std::string_view(signature) == "y" && sd_bus_message_read(m, "v", "y", &byte) > 0) value["value"] = byte;
  else if (std::string_view(signature) == "s" && sd_bus_message_read(m, "v", "s", &text) > 0) value["value"] = text;
  else sd_bus_message_skip(m, "v");
  return value;
}

Json read_hints(sd_bus_message* m) {
  Json hints = Json::object();
  sd_bus_message_enter_container(m, 'a', "{sv}");
  while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
    const char* key = nullptr;
    sd_bus_message_read(m, "s", &key);
    hints[key] = hint_value(m);
    sd_bus_message_exit_container(m);
  }
  sd_bus_message_exit_container(m);
  return hints;
}

int notify(sd_bus_message* m, void* /*unused*/, sd_bus_error* /*unused*/) {
  const char* app = nullptr;
  const char* icon = nullptr;
  const char* summary = nullptr;
  const char* body = nullptr;
  std::uint32_t replaces = 0;
  sd_bus_message_read(m, "susss", &app, &replaces, &icon, &summary, &body);
  int actions = 0;
  sd_bus_message_enter_container(m, 'a', "s");
  for (const char* action = nullptr; sd_bus_message_read(m, "s", &action) > 0;) ++actions;
  sd_bus_message_exit_container(m);
  const Json hints = read_hints(m);
  std::int32_t expire = 0;
  sd_bus_message_read(m, "i", &expire);
  if (g_behaviour.die) ::_exit(1);
  tell({{"call", "Notify"},
        {"app", app},
        {"replaces", replaces},
        {"icon", icon},
        {"summary", summary},
        {"body", body},
        {"actions", actions},
        {"hints", hints},
        {"expire", expire}});
  if (g_behaviour.mute) return 1;
  pause_for(g_behaviour.late);
  if (!g_behaviour.error.empty())
    return sd_bus_reply_method_errorf(m, g_behaviour.error.c_str(), "too many\n\x1B[31mnotifications");
  return sd_bus_reply_method_return(m, "u", replaces != 0 ? replaces : ++g_last_id);
}

int get_server_information(sd_bus_message* m, void* /*unused*/, sd_bus_error* /*unused*/) {
  if (g_behaviour.mute) return 1;
  return sd_bus_reply_method_return(m, "ssss", g_behaviour.name.c_str(), "tests", g_behaviour.version.c_str(), "1.2");
}

Json portal_value(sd_bus_message* m) {
  const char* signature = nullptr;
  char type = 0;
  sd_bus_message_peek_type(m, &type, &signature);
  const char* text = nullptr;
  if (std::string_view(signature) == "s" && sd_bus_message_read(m, "v", "s", &text) > 0) return text;
  sd_bus_message_skip(m, "v");
  return signature;
}

int add_notification(sd_bus_message* m, void* /*unused*/, sd_bus_error* /*unused*/) {
  const char* id = nullptr;
  sd_bus_message_read(m, "s", &id);
  Json call{{"call", "AddNotification"}, {"id", id}};
  sd_bus_message_enter_container(m, 'a', "{sv}");
  while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
    const char* key = nullptr;
    sd_bus_message_read(m, "s", &key);
    call[key] = portal_value(m);
    sd_bus_message_exit_container(m);
  }
  sd_bus_message_exit_container(m);
  tell(call);
  return sd_bus_reply_method_return(m, "");
}

int remove_notification(sd_bus_message* m, void* /*unused*/, sd_bus_error* /*unused*/) {
  const char* id = nullptr;
  sd_bus_message_read(m, "s", &id);
  tell({{"call", "RemoveNotification"}, {"id", id}});
  return sd_bus_reply_method_return(m, "");
}

int read_environment(sd_bus* /*unused*/, const char* /*unused*/, const char* /*unused*/, const char* /*unused*/,
                     sd_bus_message* reply, void* /*unused*/, sd_bus_error* /*unused*/) {
  sd_bus_message_open_container(reply, 'a', "s");
  for (const std::string& entry : g_behaviour.environment) sd_bus_message_append(reply, "s", entry.c_str());
  return sd_bus_message_close_container(reply);
}

int close_notification(sd_bus_message* m, void* /*unused*/, sd_bus_error* /*unused*/) {
  std::uint32_t id = 0;
  sd_bus_message_read(m, "u", &id);
  tell({{"call", "CloseNotification"}, {"id", id}});
  return sd_bus_reply_method_return(m, "");
}

const sd_bus_vtable kMethods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", notify, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("GetServerInformation", "", "ssss", get_server_information, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("CloseNotification", "u", "", close_notification, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable kPortalMethods[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("AddNotification", "sa{sv}", "", add_notification, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("RemoveNotification", "s", "", remove_notification, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable kSystemd[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Environment", "as", read_environment, 0, 0),
    SD_BUS_VTABLE_END,
};

/// Offers the methods under this name of the bus.
bool serve(sd_bus* bus, const char* name, const char* path, const char* interface, const sd_bus_vtable* methods) {
  return sd_bus_add_object_vtable(bus, nullptr, path, interface, methods, nullptr) >= 0 &&
         sd_bus_request_name(bus, name, 0) >= 0;
}

bool serve_all(sd_bus* bus) {
  if (!g_behaviour.environment.empty() && !serve(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                                 "org.freedesktop.systemd1.Manager", kSystemd))
    return false;
  if (g_behaviour.is_portal)
    return serve(bus, "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop",
                 "org.freedesktop.portal.Notification", kPortalMethods);
  const char* name = "org.freedesktop.Notifications";
  return serve(bus, name, "/org/freedesktop/Notifications", name, kMethods);
}

bool read_arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--mute") g_behaviour.mute = true;
    else if (option == "--die") g_behaviour.die = true;
    else if (option == "--portal") g_behaviour.is_portal = true;
    else if (option == "--systemd" && has_value) g_behaviour.environment.emplace_back(argv[++i]);
    else if (option == "--is" && i + 2 < argc) {
      g_behaviour.name = argv[++i];
      g_behaviour.version = argv[++i];
    } else if (option == "--wait" && has_value) g_behaviour.wait = std::strtol(argv[++i], nullptr, 10);
    else if (option == "--late" && has_value) g_behaviour.late = std::strtol(argv[++i], nullptr, 10);
    else if (option == "--error" && has_value) g_behaviour.error = argv[++i];
    else return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!read_arguments(argc, argv)) return 2;
  pause_for(g_behaviour.wait);
  sd_bus* bus = nullptr;
  if (sd_bus_open_user(&bus) < 0) return 1;
  if (!serve_all(bus)) return 1;
  tell("ready");
  while (true) {
    const int progress = sd_bus_process(bus, nullptr);
    if (progress < 0) break;
    if (progress == 0 && sd_bus_wait(bus, UINT64_MAX) < 0) break;
  }
  sd_bus_unref(bus);
  return 0;
}
