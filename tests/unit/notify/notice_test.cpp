#include "core/notify/notice.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using namespace delegate::notify::desktop;

namespace {

std::string complaint(std::string_view json) {
  const auto notice = notice_of(json);
  return notice ? "" : notice.error().what;
}

}  // namespace

TEST_CASE("a notice survives the way through JSON") {
  const Notice said{.summary = "claude is unavailable",
                    .body = "a \"quoted\" <body>\nof two lines",
                    .urgency = Urgency::critical,
                    .icon = "dialog-warning",
                    .category = "network.error",
                    .tag = "delegate-claude",
                    .budget = milliseconds(700),
                    .activation = milliseconds(0),
                    .close = NoticeId{.id = 4294967295u, .server = "ab/:1.2"},
                    .replaces = NoticeId{.id = 1, .server = "cd/:1.3"}};
  const auto heard = notice_of(to_json(said));
  REQUIRE(heard.has_value());
  CHECK(heard->summary == said.summary);
  CHECK(heard->body == said.body);
  CHECK(heard->urgency == Urgency::critical);
  CHECK(heard->icon == "dialog-warning");
  CHECK(heard->category == "network.error");
  CHECK(heard->tag == "delegate-claude");
  CHECK(heard->budget == milliseconds(700));
  CHECK(heard->activation == milliseconds(0));
  CHECK(heard->close->id == 4294967295u);
  CHECK(heard->close->server == "ab/:1.2");
  CHECK(heard->replaces->id == 1);
  CHECK(heard->replaces->server == "cd/:1.3");
}

TEST_CASE("every member of a notice but its summary has a default") {
  const auto notice = notice_of(R"({"summary":"x"})");
  REQUIRE(notice.has_value());
  CHECK(notice->urgency == Urgency::normal);
  CHECK(notice->tag == "delegate");
  CHECK(notice->budget == milliseconds(10'000));
  CHECK(notice->activation == milliseconds(10'000));
  CHECK_FALSE(notice->close.has_value());
}

TEST_CASE("a notice may close something and show nothing") {
  CHECK(notice_of(R"({"close":{"id":3,"server":"ab/:1.2"}})").has_value());
  CHECK(complaint(R"({"close":{"id":3,"server":"ab/:1.2"},"body":"x"})") ==
        "notice: summary: missing, but body and replaces need one");
}

TEST_CASE("mistakes in a notice are reported") {
  CHECK(complaint("") == "notice: not a single JSON object");
  CHECK(complaint("[]") == "notice: not a single JSON object");
  CHECK(complaint(R"({"summary":"x"} {})") == "notice: not a single JSON object");
  CHECK(complaint("{}") == "notice: summary: missing");
  CHECK(complaint(R"({"summary":" \n"})") == "notice: summary: missing");
  CHECK(complaint(R"({"summary":1})") == "notice: summary: not a string");
  CHECK(complaint(R"({"summary":"x","colour":1})") == "notice: unknown key 'colour'");
  CHECK(complaint(R"({"summary":"x","urgency":"loud"})") == "notice: urgency: expected low, normal or critical");
  CHECK(complaint(R"({"summary":"x","icon":"/etc/passwd"})") == "notice: icon: not a plain name");
  CHECK(complaint(R"({"summary":"x","category":"a b"})") == "notice: category: not a plain name");
}

TEST_CASE("a time of a notice is a whole number of milliseconds in its range") {
  for (const char* bad : {"0", "-1", "60001", "1.5", "\"500\"", "null", "18446744073709551615", "1e99"}) {
    INFO(bad);
    CHECK(complaint(R"({"summary":"x","budget_ms":)" + std::string(bad) + "}") ==
          "notice: budget_ms: not a whole number from 1 to 60000");
  }
  CHECK(notice_of(R"({"summary":"x","activation_ms":0})").has_value());
}

TEST_CASE("an earlier notification is named by its id and its server") {
  for (const char* bad : {"1", "{}", R"({"id":0,"server":"x"})", R"({"id":4294967296,"server":"x"})",
                          R"({"id":-1,"server":"x"})", R"({"id":1,"server":2})", R"({"id":1,"server":"x","more":1})"}) {
    INFO(bad);
    CHECK_FALSE(notice_of(R"({"summary":"x","close":)" + std::string(bad) + "}").has_value());
  }
}

TEST_CASE("at the desktop portal an earlier notification is named by its tag alone") {
  const auto notice = notice_of(R"({"summary":"x","replaces":{"tag":"delegate-gemini"}})");
  REQUIRE(notice.has_value());
  CHECK(notice->replaces->tag == "delegate-gemini");
  const NoticeResult said{.delivered = true, .shown = NoticeId{.tag = "delegate-gemini"}, .took = milliseconds(3)};
  CHECK(to_json(said) == R"({"delivered":true,"tag":"delegate-gemini","took_ms":3})");
  CHECK(notice_result_of(to_json(said))->shown->tag == "delegate-gemini");
  for (const char* bad : {R"({"tag":""})", R"({"tag":"a b"})", R"({"tag":7})", R"({"tag":"x","id":1})"}) {
    INFO(bad);
    CHECK_FALSE(notice_of(R"({"summary":"x","close":)" + std::string(bad) + "}").has_value());
  }
}

TEST_CASE("a name is made plain by leaving out what is not") {
  CHECK(plain_name("delegate-claude@work") == "delegate-claude.work");  // and not that of the backend "claudework"
  CHECK(plain_name("delegate-a b/\"c\xC3\xA4") == "delegate-abc");
  CHECK(plain_name(std::string(200, 'x')) == std::string(100, 'x'));
}

TEST_CASE("bytes of a notice that are not UTF-8 are replaced") {
  const auto notice = notice_of(
      "{\"summary\":\"a\xFF"
      "b\"}");
  REQUIRE(notice.has_value());
  CHECK(notice->summary ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("a delivery survives the way through its line") {
  const NoticeResult said{.delivered = true,
                          .replaced = true,
                          .closed = false,
                          .shown = NoticeId{.id = 7, .server = "ab/:1.2"},
                          .reason = "not closed",
                          .took = milliseconds(12)};
  CHECK(
      to_json(said) ==
      R"({"delivered":true,"id":7,"server":"ab/:1.2","replaced":true,"closed":false,"reason":"not closed","took_ms":12})");
  const auto heard = notice_result_of(to_json(said));
  REQUIRE(heard.has_value());
  CHECK(heard->delivered);
  CHECK(heard->shown->id == 7);
  CHECK(heard->shown->server == "ab/:1.2");
  CHECK(heard->closed == std::optional(false));
  CHECK(heard->took == milliseconds(12));
}

TEST_CASE("a delivery that failed has no id, and says whether it may be shown yet") {
  const auto heard =
      notice_result_of(R"({"delivered":false,"maybe":true,"timed_out":true,"reason":"late","took_ms":500})");
  REQUIRE(heard.has_value());
  CHECK(heard->maybe);
  CHECK(heard->timed_out);
  CHECK_FALSE(heard->shown.has_value());
  CHECK(heard->reason == "late");
}

TEST_CASE("an invalid line is not read as a delivery") {
  for (const char* bad : {"", "{", R"({"delivered":"yes"})", R"({"delivered":true,"took_ms":1})", R"({"what":1})"}) {
    INFO(bad);
    CHECK_FALSE(notice_result_of(bad).has_value());
  }
}
