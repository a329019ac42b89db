#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/text.hpp"
#include "core/os/fd.hpp"
#include "tests/conformance/stores.hpp"

// breaker_lab as people use it: lines in, lines out.

using namespace delegate;
using nlohmann::json;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

/// The answers to these lines over this store.
std::vector<std::string> play(const std::string& store, const std::vector<std::string>& lines) {
  TempDirectory directory;
  std::string input;
  for (const std::string& line : lines) input += line + "\n";
  REQUIRE(write_private_file(directory / "in", input));
  const std::string command = "TMPDIR='" + directory.path().string() + "' '" BREAKER_LAB "' --store " + store + " <'" +
                              (directory / "in").string() + "' >'" + (directory / "out").string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  const auto left = std::distance(std::filesystem::directory_iterator(directory.path()), {});
  CHECK(left == 2);  // it takes its store's files with it
  return lines_of(read_file(directory / "out").value());
}

std::string begin_line(const json& config = json::object()) { return json{{"op", "begin"}, {"config", config}}.dump(); }

std::string error_of(const std::string& line, const std::string& first = begin_line()) {
  const auto answers = play("memory", {first, line});
  REQUIRE(answers.size() == 2);
  return json::parse(answers[1]).value("error", "");
}

}  // namespace

TEST_CASE("the lab answers as its description shows, over every store") {
  const auto store = GENERATE(as<std::string>{}, "memory", "sqlite");
  CHECK(
      play(store, {R"({"op":"begin","name":"...","config":{"threshold":2,"cooldown_ms":1000}})",
                   R"({"op":"allow","at_ms":0,"call":"a","proc":"p1"})", R"({"op":"failure","at_ms":5,"call":"a"})"}) ==
      std::vector<std::string>{
          R"({"ok":true})",
          R"({"allowed":true,"kind":"normal","state":"closed","failures":0,"retry_after_ms":0,"events":[],"notified":false})",
          R"({"counted":true,"state":"closed","failures":1,"retry_after_ms":0,"events":[],"notified":false})"});
}

TEST_CASE("the timeline in docs/breaker.md is what the lab prints") {
  const auto store = GENERATE(as<std::string>{}, "memory", "sqlite");
  std::vector<std::string> said;
  std::vector<std::string> answered;
  for (const std::string& line : lines_of(read_file(Path(SOURCE_DIRECTORY) / "docs/breaker.md").value())) {
    if (line.rfind("> {", 0) == 0) said.push_back(line.substr(2));
    if (line.rfind("< {", 0) == 0) answered.push_back(line.substr(2));
  }
  REQUIRE(said.size() > 10);
  CHECK(play(store, said) == answered);
}

TEST_CASE("a line that cannot be used is answered with an error, and the stream goes on") {
  const auto answers =
      play("sqlite",
           {R"({"op":"state","at_ms":0})", "{", "", "[]", "7", begin_line(), R"({"op":"allow","at_ms":5,"call":"a"})",
            R"({"op":"success","at_ms":5,"call":"a"})", R"({"op":"state","at_ms":4})", R"({"op":"state","at_ms":5})",
            R"({"op":"state","at_ms":4})", R"({"op":"begin","config":{"mood":1}})", R"({"op":"state","at_ms":6})",
            begin_line(), R"({"op":"state","at_ms":0})"});
  REQUIRE(answers.size() == 15);
  const std::vector<bool> is_error{true,  true,  true, true, true, false, true, true,
                                   false, false, true, true, true, false, false};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i, answers[i]);
    CHECK(json::parse(answers[i]).contains("error") == is_error[i]);
  }
}

TEST_CASE("what is wrong with a line is named") {
  CHECK(error_of("{}") == "op: missing");
  CHECK(error_of(R"({"op":7})") == "op: must be a string");
  CHECK(error_of(R"({"op":"explode","at_ms":0})") == "no such op: explode");
  CHECK(error_of(R"({"op":"state"})") == "at_ms: missing");
  CHECK(error_of(R"({"op":"state","at_ms":-1})").rfind("at_ms: goes back", 0) == 0);
  CHECK(error_of(R"({"op":"allow","at_ms":0,"proc":"p"})") == "call: missing");
  CHECK(error_of(R"({"op":"crash","at_ms":0})") == "proc: missing");
  CHECK(error_of(R"({"op":"answered_elsewhere","at_ms":0})") == "prompt: missing");
  CHECK(error_of(R"({"op":"set_config","at_ms":0})") == "config: missing");
  CHECK(error_of(R"({"op":"failure","at_ms":0,"call":"a"})") == "call: no permit was given to a");
  CHECK(
      error_of(R"({"op":"rate_limit","at_ms":0,"call":"a","retry_after_ms":-5})").rfind("retry_after_ms: must be", 0) ==
      0);
  for (const char* number : {"\"0\"", "0.5", "true", "null", "9007199254740992", "18446744073709551615", "1e30"})
    CHECK(error_of(std::string(R"({"op":"state","at_ms":)") + number + "}").rfind("at_ms: must be", 0) == 0);
  CHECK(error_of(R"({"op":"state","at_ms":1e999})").rfind("not JSON", 0) == 0);
  CHECK(error_of("{\"op\":\"\xff\"}").rfind("not JSON", 0) == 0);
}

TEST_CASE("what this breaker does not have is unsupported, by name") {
  for (const char* name : {"jitter", "success_threshold", "half_open_permits", "Threshold", ""})
    CHECK(error_of(json{{"op", "begin"}, {"config", {{name, 1}}}}.dump()) == std::string("unsupported: ") + name);
  CHECK(error_of(begin_line({{"persist", false}})) == "unsupported: persist");
  CHECK(error_of(begin_line({{"persist", true}})).empty());
  for (const json& wrong : {json{{"threshold", 0}}, json{{"threshold", "3"}}, json{{"cooldown_ms", -1}},
                            json{{"cooldown_ms", 1.5}}, json{{"backoff_multiplier", 0}}, json{{"clock", "sundial"}},
                            json{{"owner_liveness", 1}}, json{{"threshold", 99'999'999'999}}, json::array()})
    CHECK_FALSE(error_of(begin_line(wrong)).empty());
}

TEST_CASE("a name of a live permit cannot be given twice, and a settled one can be used again") {
  const auto answers =
      play("sqlite", {begin_line(), R"({"op":"allow","at_ms":0,"call":"a","proc":"p"})",
                      R"({"op":"allow","at_ms":0,"call":"a","proc":"p"})", R"({"op":"failure","at_ms":1,"call":"a"})",
                      R"({"op":"failure","at_ms":1,"call":"a"})", R"({"op":"allow","at_ms":2,"call":"a","proc":"q"})"});
  CHECK(json::parse(answers[2])["error"] == "call: a already holds a permit");
  CHECK(json::parse(answers[3])["counted"] == true);
  CHECK(json::parse(answers[4])["counted"] == false);
  CHECK(json::parse(answers[4])["failures"] == 1);
  CHECK(json::parse(answers[5])["allowed"] == true);
}

TEST_CASE("while the store is down calls are unguarded and their results are lost, then and later [R18]") {
  const auto answers =
      play("sqlite", {begin_line({{"threshold", 1}}), R"({"op":"allow","at_ms":0,"call":"a","proc":"p"})",
                      R"({"op":"store_down","at_ms":1})", R"({"op":"allow","at_ms":1,"call":"b","proc":"p"})",
                      R"({"op":"failure","at_ms":2,"call":"a"})", R"({"op":"isolate","at_ms":2})",
                      R"({"op":"store_up","at_ms":3})", R"({"op":"failure","at_ms":4,"call":"b"})",
                      R"({"op":"failure","at_ms":4,"call":"a"})"});
  CHECK(
      answers[3] ==
      R"({"allowed":true,"kind":"unguarded","state":"unknown","failures":null,"retry_after_ms":0,"events":[],"notified":false})");
  CHECK(json::parse(answers[4])["counted"] == false);
  CHECK(json::parse(answers[5])["state"] == "unknown");
  for (const std::size_t i : {6u, 7u, 8u}) CHECK(json::parse(answers[i])["state"] == "closed");
  for (const std::size_t i : {7u, 8u}) CHECK(json::parse(answers[i])["counted"] == false);
}

TEST_CASE("a crashed process frees its probe immediately only where owners are checked [R7]") {
  for (const bool watched : {false, true}) {
    const auto answers =
        play("sqlite", {begin_line({{"threshold", 1}, {"cooldown_ms", 0}, {"owner_liveness", watched}}),
                        R"({"op":"allow","at_ms":0,"call":"a","proc":"p"})", R"({"op":"failure","at_ms":0,"call":"a"})",
                        R"({"op":"allow","at_ms":0,"call":"b","proc":"p"})", R"({"op":"crash","at_ms":1,"proc":"p"})",
                        R"({"op":"success","at_ms":1,"call":"b"})", R"({"op":"allow","at_ms":2,"call":"c","proc":"q"})",
                        R"({"op":"allow","at_ms":150000,"call":"d","proc":"p"})"});
    CHECK(json::parse(answers[5]).contains("error"));
    CHECK(json::parse(answers[6])["kind"] == (watched ? "probe" : "denied"));
    CHECK(json::parse(answers[7])["kind"] == (watched ? "denied" : "probe"));
  }
}

TEST_CASE("the lab plays late limits, quotas, rejected logins and rejected requests [R16] [R17] [R23] [R24]") {
  const auto ask = [](int at, const std::string& call) {
    return R"({"op":"allow","at_ms":)" + std::to_string(at) + R"(,"call":")" + call + R"(","proc":"p"})";
  };
  const auto end = [](int at, const std::string& op, const std::string& call, const std::string& more = "") {
    return R"({"op":")" + op + R"(","at_ms":)" + std::to_string(at) + R"(,"call":")" + call + "\"" + more + "}";
  };
  const auto store = GENERATE(as<std::string>{}, "memory", "sqlite");
  const std::vector<std::string> late{begin_line({{"threshold", 1}, {"cooldown_ms", 1000}}), ask(0, "a"), ask(0, "b"),
                                      end(0, "failure", "a"),
                                      end(5000, "rate_limit", "b", R"(,"retry_after_ms":7000)")};
  CHECK(play(store, late).back() ==
        R"({"counted":false,"state":"open","failures":null,"retry_after_ms":7000,"events":[],"notified":false})");
  const std::vector<std::string> quota{begin_line({{"quota_cooldown_ms", 9000}}), ask(0, "a"), end(0, "quota", "a")};
  CHECK(play(store, quota).back() ==
        R"({"counted":true,"state":"open","failures":null,"retry_after_ms":9000,"events":["opened"],"notified":true})");
  const std::vector<std::string> login{begin_line(), ask(0, "a"), ask(0, "b"), end(0, "login_fail", "a"),
                                       end(5, "success", "b")};
  CHECK(play(store, login).back() ==
        R"({"counted":true,"state":"closed","failures":0,"retry_after_ms":0,"events":["closed"],"notified":false})");
  std::vector<std::string> rejected{begin_line()};
  for (const std::string prompt : {"1", "2", "3", "4", "5"}) {
    rejected.push_back(ask(0, "c" + prompt));
    rejected.push_back(end(0, "reject", "c" + prompt, R"(,"prompt":")" + prompt + "\""));
  }
  rejected.emplace_back(R"({"op":"answered_elsewhere","at_ms":1,"prompt":"2"})");
  CHECK(
      play(store, rejected).back() ==
      R"({"counted":true,"state":"open","failures":null,"retry_after_ms":60000,"events":["opened"],"notified":true})");
}

TEST_CASE("the same play gives the same answers over every store, line by line") {
  std::mt19937 random(11);
  const auto pick = [&](int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); };
  const std::vector<std::string> ops{"allow",      "allow",
                                     "allow",      "allow",
                                     "success",    "failure",
                                     "failure",    "neutral",
                                     "cancel",     "drop",
                                     "drop",       "connect_fail",
                                     "rate_limit", "state",
                                     "reset",      "isolate",
                                     "release",    "release",
                                     "disable",    "enable",
                                     "enable",     "crash",
                                     "restart",    "reboot",
                                     "wall_jump",  "set_config",
                                     "store_down", "store_up",
                                     "login_fail", "quota",
                                     "reject",     "reject",
                                     "reject",     "answered_elsewhere"};
  std::vector<std::string> lines;
  std::int64_t at = 0;
  for (int i = 0; i < 3000; ++i) {
    if (i % 300 == 0) {
      lines.push_back(begin_line({{"threshold", 1 + pick(3)},
                                  {"cooldown_ms", pick(3) * 1000},
                                  {"backoff_multiplier", 2},
                                  {"grace_ms", pick(2) * 2000},
                                  {"drop_counts_after", pick(3)},
                                  {"lease_ms", 3000},
                                  {"owner_liveness", pick(2) == 0},
                                  {"clock", pick(2) == 0 ? "wall" : "boottime"}}));
      at = 0;
    }
    lines.push_back(json{{"op", ops[static_cast<std::size_t>(pick(static_cast<int>(ops.size())))]},
                         {"at_ms", at += pick(800)},
                         {"call", "c" + std::to_string(pick(12))},
                         {"proc", "p" + std::to_string(pick(3))},
                         {"delta_ms", pick(2'000'000) - 1'000'000},
                         {"retry_after_ms", pick(5000)},
                         {"prompt", std::to_string(pick(9))},
                         {"config", {{"threshold", 1 + pick(4)}}}}
                        .dump());
  }
  const auto memory = play("memory", lines);
  const auto sqlite = play("sqlite", lines);
  REQUIRE(memory.size() == lines.size());
  REQUIRE(sqlite.size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (memory[i] != sqlite[i]) FAIL(lines[i] << "\nmemory: " << memory[i] << "\nsqlite: " << sqlite[i]);
}
