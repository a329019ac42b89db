#include "core/notify/bus_address.hpp"

#include <catch2/catch.hpp>

using namespace delegate::notify::desktop;

namespace {

using Environment = std::map<std::string, std::string>;

std::vector<LocalSocket> places_of(const std::string& address) {
  return bus_addresses(Environment{{"DBUS_SESSION_BUS_ADDRESS", address}}, 7);
}

}  // namespace

TEST_CASE("the session bus is at its address, or else in the runtime directory") {
  const auto places = bus_addresses(Environment{{"DBUS_SESSION_BUS_ADDRESS", "unix:path=/a/b,guid=12;unix:abstract=/c"},
                                                {"XDG_RUNTIME_DIR", "/run/user/7"}},
                                    8);
  REQUIRE(places.size() == 3);
  CHECK(places[0].name == "/a/b");
  CHECK_FALSE(places[0].is_abstract);
  CHECK(places[1].name == "/c");
  CHECK(places[1].is_abstract);
  CHECK(places[2].name == "/run/user/7/bus");
}

TEST_CASE("no address is tried twice") {
  CHECK(
      bus_addresses(
          Environment{{"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/7/bus"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}, 7)
          .size() == 1);
}

TEST_CASE("without variables, as under cron and `su -`, the bus is in systemd's runtime directory") {
  for (const Environment& environment : {Environment{}, Environment{{"XDG_RUNTIME_DIR", "relative"}},
                                         Environment{{"DBUS_SESSION_BUS_ADDRESS", ""}, {"XDG_RUNTIME_DIR", ""}}}) {
    const auto places = bus_addresses(environment, 1007);
    REQUIRE(places.size() == 1);
    CHECK(places[0].name == "/run/user/1007/bus");
  }
  const auto stale = bus_addresses({{"DBUS_SESSION_BUS_ADDRESS", "unix:path=/tmp/gone"}}, 1007);
  REQUIRE(stale.size() == 2);
  CHECK(stale[1].name == "/run/user/1007/bus");
}

TEST_CASE("the escapes of an address are resolved") {
  CHECK(places_of("unix:path=/a%20b%2Fc%c3%A4")[0].name == "/a b/cä");
  for (const char* bad : {"unix:path=/a%2", "unix:path=/a%", "unix:path=/a%zz", "unix:path=/a%00"})
    CHECK(places_of(bad)[0].unusable == "'" + std::string(bad) + "' is not a bus address");
}

TEST_CASE("an address that starts a program or leads to another machine is ignored") {
  for (const char* bad : {"unixexec:path=/bin/sh", "tcp:host=example.org,port=1", "nonce-tcp:host=x", "launchd:env=X",
                          "autolaunch:", "unix:tmpdir=/tmp", "unix:"})
    CHECK(places_of(bad)[0].unusable == "'" + std::string(bad) + "' is not a socket of this machine");
}

TEST_CASE("a display listens where its variable says, if it is one of this machine") {
  const auto wayland = display_addresses({{"WAYLAND_DISPLAY", "wayland-1"}, {"XDG_RUNTIME_DIR", "/run/user/7"}});
  REQUIRE(wayland.size() == 1);
  CHECK(wayland[0].name == "/run/user/7/wayland-1");
  CHECK(display_addresses({{"WAYLAND_DISPLAY", "/a/b"}})[0].name == "/a/b");
  for (const char* display : {":12", ":12.0"}) {
    const auto x11 = display_addresses({{"DISPLAY", display}});
    REQUIRE(x11.size() == 2);
    CHECK(x11[0].name == "/tmp/.X11-unix/X12");
    CHECK(x11[1].is_abstract);
  }
  for (const char* other : {"localhost:10.0", "10.0.0.1:0", ":", ":x", ":../../a", ""})
    CHECK(display_addresses({{"DISPLAY", other}}).empty());
  CHECK(display_addresses({{"WAYLAND_DISPLAY", "wayland-1"}}).empty());
}

TEST_CASE("an invalid address is ignored") {
  CHECK(places_of("disabled")[0].unusable == "'disabled' is not a bus address");
  CHECK(places_of("unix:path=")[0].unusable == "'unix:path=' is not a bus address");
  CHECK(places_of("unix:path=bus")[0].unusable == "'unix:path=bus' is not an absolute path");
}
