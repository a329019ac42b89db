#include "core/notify/app_name.hpp"

#include <catch2/catch.hpp>

using namespace delegate::notify::desktop;

namespace {

std::string text_at(const std::string& server, const std::string& version,
                    const Notice& notice = {.summary = "gemini: signed out", .body = "run gemini"}) {
  const Notice named = with_app_name(notice, {.name = server, .version = version});
  return named.summary + "|" + named.body;
}

}  // namespace

TEST_CASE("where the server does not show whose a notification is, its text says it") {
  for (const char* server : {"dunst", "mako", "SwayNotificationCenter", "", "another"})
    CHECK(text_at(server, "1.9") == "gemini: signed out (delegate)|run gemini");
}

TEST_CASE("where a title would be cut, the end of the body says it") {
  CHECK(text_at("Xfce Notify Daemon", "0.7.3") == "gemini: signed out|run gemini\ndelegate");
  for (const char* server : {"dunst", "gnome-shell"}) {
    CHECK(text_at(server, "1", {.summary = "codex and gemini: unavailable"}) ==
          "codex and gemini: unavailable|delegate");
    CHECK(text_at(server, "1", {.summary = "claude: rate limited", .body = "x"}) == "claude: rate limited|x\ndelegate");
    CHECK(text_at(server, "1", {.summary = "claude…: signed out"}) == "claude…: signed out (delegate)|");  // 30
  }
}

TEST_CASE("GNOME says it from version 46 on, and Plasma does") {
  CHECK(text_at("gnome-shell", "43.9") == "gemini: signed out (delegate)|run gemini");
  CHECK(text_at("gnome-shell", "45.beta") == "gemini: signed out (delegate)|run gemini");
  CHECK(text_at("gnome-shell", "46.0") == "gemini: signed out|run gemini");
  CHECK(text_at("Plasma", "5.27.5") == "gemini: signed out|run gemini");
}

TEST_CASE("the name is not said twice") {
  CHECK(text_at("dunst", "1", {.summary = "delegate can reach you", .body = "x"}) == "delegate can reach you|x");
}
