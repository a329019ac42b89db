#include <catch2/catch.hpp>

#include <algorithm>

#include "cli/setup/settings_text.hpp"
#include "tests/unit/setup/random_text.hpp"

// Changing one value in somebody's text.
using namespace delegate;
using namespace delegate::cli::setup;
using delegate::test::RandomText;

namespace {

constexpr unsigned kDocuments = 3000;

std::string without_blanks(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c <= ' ' && c > 0; }), text.end());
  return text;
}

bool is_subsequence(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char c : whole)
    if (at < part.size() && part[at] == c) ++at;
  return at == part.size();
}

const OrderedJson kEntry{{"command", "/bin/delegate"}, {"args", {"mcp"}}, {"timeout", 3600}};
const KeyPath kPath{"servers", "delegate"};

/// As they compare: the order of keys means nothing.
nlohmann::json meaning(Language language, std::string_view text) {
  const auto settings = read_settings(language, text);
  REQUIRE(settings);
  return nlohmann::json(*settings);
}

std::string put(std::string_view text, const KeyPath& path, const OrderedJson& value, Language language = Language::jsonc) {
  const auto after = put_setting(language, text, path, value);
  REQUIRE(after);
  return *after;
}

}  // namespace

TEST_CASE("of any JSON with comments, every word stays when something is added, and the rest means the same") {
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    const std::string before = RandomText(seed).jsonc();
    INFO("seed " << seed << "\n" << before);
    const std::string after = put(before, kPath, kEntry);
    INFO(after);
    CHECK(is_subsequence(without_blanks(before), without_blanks(after)));
    auto expected = meaning(Language::jsonc, before);
    expected["servers"]["delegate"] = kEntry;
    CHECK(meaning(Language::jsonc, after) == expected);
    const auto undone = remove_setting(Language::jsonc, after, kPath);
    REQUIRE(undone);
    // An empty table, or none, is where it cannot be known what was there before.
    auto original = meaning(Language::jsonc, before);
    if (original.contains("servers") && !original["servers"].empty()) CHECK(*undone == before);
    if (original.contains("servers") && original["servers"].empty()) original.erase("servers");
    auto left = meaning(Language::jsonc, *undone);
    if (left.contains("servers") && left["servers"].empty()) left.erase("servers");
    CHECK(left == original);
  }
}

TEST_CASE("of any JSON with comments, nothing around a replaced value changes") {
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    const std::string before = put(RandomText(seed).jsonc(), kPath, kEntry);
    INFO("seed " << seed << "\n" << before);
    const std::string after = put(before, {"servers", "delegate", "timeout"}, 7777);
    const std::size_t at = before.find("3600");
    CHECK(after == before.substr(0, at) + "7777" + before.substr(at + 4));
  }
}

TEST_CASE("of any TOML, what was there stays in front of what is added, and comes back when that goes") {
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    const std::string before = RandomText(seed).toml();
    INFO("seed " << seed << "\n" << before);
    auto expected = meaning(Language::toml, before);
    const std::string after = put(before, kPath, kEntry, Language::toml);
    CHECK(after.starts_with(before));
    expected["servers"]["delegate"] = kEntry;
    CHECK(meaning(Language::toml, after) == expected);
    const std::string longer = put(after, {"servers", "delegate", "timeout"}, 7777, Language::toml);
    CHECK(longer.size() == after.size());
    expected["servers"]["delegate"]["timeout"] = 7777;
    CHECK(meaning(Language::toml, longer) == expected);
    const auto undone = remove_setting(Language::toml, longer, kPath);
    REQUIRE(undone);
    CHECK((*undone == before || before.empty()));
  }
}

TEST_CASE("text that is no settings never crashes what reads it") {
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    RandomText random(seed);
    const std::string jsonc = random.garbage("{}[],:\"\\/* \n\r\tservdlgat1");
    const std::string toml = random.garbage("[]{}=.,\"'#\\ \n\r\tservdlgat1");
    for (const Language language : {Language::jsonc, Language::toml}) {
      const std::string& text = language == Language::toml ? toml : jsonc;
      static_cast<void>(read_settings(language, text));
      static_cast<void>(put_setting(language, text, kPath, kEntry));
      static_cast<void>(remove_setting(language, text, kPath));
      static_cast<void>(put_setting(language, text, {"servers", "delegate", "timeout"}, 1));
    }
  }
}

TEST_CASE("what is nested too deeply is refused, not followed") {
  const std::string deep(100'000, '[');
  CHECK_FALSE(read_settings(Language::jsonc, deep));
  CHECK_FALSE(read_settings(Language::jsonc, "{\"a\": " + deep));
  CHECK_FALSE(read_settings(Language::toml, "a = " + deep));
}

TEST_CASE("an error says where") {
  const auto what = [](std::string_view text) {
    const auto read = read_settings(Language::jsonc, text);
    REQUIRE_FALSE(read);
    return read.error().what;
  };
  CHECK(what("{\n  \"a\": 1\n  \"b\": 2\n}") == "line 3, column 3: expected a comma");
  CHECK(what("{\n  \"a\": 1,\n  /* b") == "line 3, column 3: a comment that does not end");
  CHECK(what("{\"a\" 1}") == "line 1, column 6: expected a colon");
  CHECK(what("{\"a\": tru}") == "line 1, column 10: no JSON");
  CHECK(what("{} {}") == "line 1, column 4: more behind the end");
  CHECK(what("{\"a\": \"x\ny\"}") == "line 1, column 9: a string that does not end in its line");
  CHECK(what("{\"a\": 1e999}") == "a number in it is too large");
}

TEST_CASE("objects on the way that hold nothing any more go, unless a comment says something in them") {
  const auto without = [](std::string_view text) { return *remove_setting(Language::jsonc, text, {"a", "b"}); };
  CHECK(without("{\n  \"x\": 1,\n  \"a\": {\n    \"b\": {}\n  }\n}") == "{\n  \"x\": 1\n}");
  CHECK(without("{\"a\": {\"b\": {}}, \"x\": 1}") == "{ \"x\": 1}");
  CHECK(without("{\n  \"a\": {\n    // why\n    \"b\": 1\n  }\n}") == "{\n  \"a\": {\n    // why\n  }\n}");
  CHECK(without("{\"a\": {\"b\": 1}}") == "{}");
}
