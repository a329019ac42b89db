#include "core/state/codec.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/conformance/stores.hpp"

using namespace delegate;

namespace {

std::string fixture(const std::string& name) {
  return read_file(Path(SOURCE_DIRECTORY) / "tests/fixtures/state" / name).value();
}

constexpr auto kStates = {BreakerState::closed, BreakerState::open, BreakerState::half_open, BreakerState::forced_open,
                          BreakerState::disabled};

}  // namespace

// These files are what version 1 wrote. They are never changed; a later version brings files of its own.

TEST_CASE("an open breaker that version 1 wrote is read as it was meant") {
  const auto state = decode(fixture("backend_state_v1.json"));
  REQUIRE(state);
  CHECK(*state == elaborate_state(BreakerState::open));
}

TEST_CASE("a half-open breaker that version 1 wrote is read as it was meant") {
  const auto state = decode(fixture("backend_state_v1_half_open.json"));
  REQUIRE(state);
  CHECK(*state == elaborate_state(BreakerState::half_open));
}

TEST_CASE("a closed breaker that version 1 wrote is read as it was meant") {
  const auto state = decode(fixture("backend_state_v1_closed.json"));
  REQUIRE(state);
  CHECK(*state == elaborate_state(BreakerState::closed));
}

TEST_CASE("a fresh state that version 1 wrote is a fresh state") {
  const auto state = decode(fixture("backend_state_v1_fresh.json"));
  REQUIRE(state);
  CHECK(*state == BackendState{});
}

TEST_CASE("what is written today is what version 1 wrote") {
  using nlohmann::json;
  CHECK(json::parse(encode(elaborate_state(BreakerState::open))) == json::parse(fixture("backend_state_v1.json")));
  CHECK(json::parse(encode(elaborate_state(BreakerState::half_open))) ==
        json::parse(fixture("backend_state_v1_half_open.json")));
  CHECK(json::parse(encode(elaborate_state(BreakerState::closed))) ==
        json::parse(fixture("backend_state_v1_closed.json")));
  CHECK(json::parse(encode(BackendState{})) == json::parse(fixture("backend_state_v1_fresh.json")));
}

TEST_CASE("every state comes back from its text as it was") {
  for (const BreakerState state : kStates) CHECK(decode(encode(elaborate_state(state))) == elaborate_state(state));
  for (const BreakerState state : kStates) CHECK(decode(encode(latest_state(state))) == latest_state(state));
  CHECK(decode(encode(BackendState{})) == BackendState{});
}

TEST_CASE("a running limit is restored with its limit probes [R22]") {
  BackendState state = elaborate_state(BreakerState::open);
  state.breaker.limit_probe = Span{{"boot-1", milliseconds(5), milliseconds(7)}, milliseconds(300'000)};
  CHECK(decode(encode(state)) == state);
}

TEST_CASE("a quota that cannot be read is forgotten, and the breaker stays as it was") {
  const BackendState state = latest_state(BreakerState::open);
  BackendState without = state;
  without.quota = {};
  const auto read_with = [&](const char* pointer, const nlohmann::json& value) {
    auto json = nlohmann::json::parse(encode(state));
    json[nlohmann::json::json_pointer(pointer)] = value;
    return decode(json.dump());
  };
  CHECK(read_with("/quota", 7) == without);
  CHECK(read_with("/quota/windows", "none") == without);
  CHECK(read_with("/quota/windows/0/used", -0.5) == without);
  CHECK(read_with("/quota/windows/0/used", "91%") == without);
  CHECK(read_with("/quota/windows/0/used", true) == without);
  CHECK(read_with("/quota/windows/0/name", "") == without);
  CHECK(read_with("/quota/windows/0/ends_ms", 1e300) == without);
  CHECK(read_with("/quota/overage/credits", nullptr) == without);
  CHECK(read_with("/quota/account", 1) == without);
}

TEST_CASE("a quota of which nothing is known takes no place") {
  CHECK_FALSE(nlohmann::json::parse(encode(BackendState{})).contains("quota"));
  CHECK(encode(std::vector<WindowView>{}).empty());
  CHECK(decode_windows("").empty());
  CHECK(decode_windows("[{]").empty());
  CHECK(decode_windows(R"([{"name":"five_hour"}])").empty());
}

TEST_CASE("fields of a later version are passed over") {
  auto json = nlohmann::json::parse(encode(elaborate_state(BreakerState::half_open)));
  json["colour"] = "green";
  json["breaker"]["mood"] = {{"level", 3}};
  json["breaker"]["probe"]["reason"] = nullptr;
  json["breaker"]["probe"]["span"]["since"]["zone"] = "UTC";
  json["slots"][0]["weight"] = 2;
  CHECK(decode(json.dump()) == elaborate_state(BreakerState::half_open));
}

TEST_CASE("what is not such a state is damage and never a guess") {
  const std::string good = encode(elaborate_state(BreakerState::half_open));
  const auto is_damage = [](const std::string& text) {
    const auto state = decode(text);
    return !state && state.error().code == Code::data_loss && !state.error().what.empty();
  };
  for (const std::string text :
       {"", " ", "null", "{}", "[]", "7", "\"breaker\"", "{\"breaker\":{}}", "{\"breaker\":[]}", "{\"breaker\":null}",
        "\xff\xfe", "{\"breaker\":{\"state\":\"closed\"}}"})
    CHECK(is_damage(text));
  CHECK(is_damage(std::string(100'000, '[')));
  for (std::size_t length = 0; length < good.size(); ++length) CHECK(is_damage(good.substr(0, length)));
}

TEST_CASE("a field of the wrong kind is damage, wherever it stands but in what is known of the quota") {
  const auto state = GENERATE(elaborate_state(BreakerState::half_open), latest_state(BreakerState::open),
                              latest_state(BreakerState::closed));
  const nlohmann::json good = nlohmann::json::parse(encode(state));
  const nlohmann::json fields = good.flatten();
  for (const auto& [path, value] : fields.items()) {
    if (path.starts_with("/quota")) continue;
    auto bad = good;
    auto& field = bad[nlohmann::json::json_pointer(path)];
    CAPTURE(path);
    if (field.is_number()) {
      for (const nlohmann::json& wrong : {nlohmann::json("7"), nlohmann::json(1.5), nlohmann::json(1e300),
                                          nlohmann::json(18'446'744'073'709'551'615u), nlohmann::json(true)}) {
        field = wrong;
        CHECK_FALSE(decode(bad.dump()));
      }
    } else {
      field = 7;
      CHECK_FALSE(decode(bad.dump()));
    }
  }
  auto shouting = good;
  shouting["breaker"]["state"] = "OPEN";
  CHECK_FALSE(decode(shouting.dump()));
}

TEST_CASE("lists that are no lists are damage") {
  for (const char* wrong : {"7", "\"x\"", "{}", "{\"a\":{}}", "[7]", "[[]]"}) {
    auto streak = nlohmann::json::parse(encode(elaborate_state(BreakerState::closed)));
    streak["breaker"]["streak"] = nlohmann::json::parse(wrong);
    CHECK_FALSE(decode(streak.dump()));
    auto slots = nlohmann::json::parse(encode(elaborate_state(BreakerState::closed)));
    slots["slots"] = nlohmann::json::parse(wrong);
    CHECK_FALSE(decode(slots.dump()));
    auto rejections = nlohmann::json::parse(encode(latest_state(BreakerState::closed)));
    rejections["breaker"]["rejections"] = nlohmann::json::parse(wrong);
    CHECK_FALSE(decode(rejections.dump()));
  }
}

TEST_CASE("text that is not UTF-8 is stored as well as can be") {
  BackendState state = elaborate_state(BreakerState::open);
  state.breaker.last_failure->message = "bad \xff byte";
  const auto back = decode(encode(state));
  REQUIRE(back);
  CHECK(back->breaker.last_failure->message == "bad \xEF\xBF\xBD byte");
}

TEST_CASE("the most extreme times are stored and read") {
  BackendState state = elaborate_state(BreakerState::open);
  state.breaker.cooldown = Span{{"b", milliseconds::min(), milliseconds::max()}, milliseconds::max()};
  state.breaker.generation = std::numeric_limits<std::int64_t>::max();
  CHECK(decode(encode(state)) == state);
}
