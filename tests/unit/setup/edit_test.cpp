#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <set>

#include "cli/setup/settings_text.hpp"
#include "tests/unit/setup/random_text.hpp"

// Changing one value in a person's text.
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

std::string put(std::string_view text, const KeyPath& path, const OrderedJson& value,
                Language language = Language::jsonc) {
  const auto after = put_setting(language, text, path, value);
  REQUIRE(after);
  return *after;
}

std::optional<nlohmann::json> meaning_of(Language language, const Result<std::string>& text) {
  if (!text) return std::nullopt;
  auto settings = read_settings(language, *text);
  return settings ? std::optional<nlohmann::json>(*std::move(settings)) : std::nullopt;
}

/// What must hold for any text, in order or not; each promise that does not is added to `broken` with the text. False:
/// the text cannot be read, so that there is nothing to hold an edit against.
bool note_broken_promises(Language language, const std::string& text, std::set<std::string>& broken) {
  const auto promise = [&](bool is_kept, const char* what) {
    if (!is_kept)
      broken.insert(std::string(what) + ": " + Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
  };
  const auto read = read_settings(language, text);
  const auto added = put_setting(language, text, kPath, kEntry);
  const auto removed = remove_setting(language, text, kPath);
  const auto changed = put_setting(language, text, {"servers", "delegate", "timeout"}, 1);
  promise(read || !read.error().what.empty(), "an unreadable text has a reason");
  for (const auto* edit : {&added, &removed, &changed})
    promise(*edit || !edit->error().what.empty(), "a refused edit has a reason");
  if (!read) return false;
  const OrderedJson* const there = setting_at(*read, kPath);
  promise(!removed || there != nullptr, "only what is there is removed");
  // TOML and YAML are edited by lines: what is there in another form is met when the result is read.
  const bool is_exact = language == Language::jsonc;
  const auto after = meaning_of(language, added);
  promise(after || !added || !is_exact, "an edited text can be read");
  if (after) {
    nlohmann::json expected = *read;
    expected["servers"]["delegate"] = kEntry;
    promise(*after == expected, "an edit adds the entry and changes nothing else");
    if (there == nullptr) {
      promise(is_subsequence(without_blanks(text), without_blanks(*added)), "every character stays");
      const auto undone = remove_setting(language, *added, kPath);
      promise(undone && meaning_of(language, undone), "what was added can be removed");
    }
  }
  if (const auto left = meaning_of(language, removed)) {
    promise(setting_at(Json(*left), kPath) == nullptr, "what is removed is gone");
  } else {
    promise(!removed || !is_exact, "a text can be read after a removal");
  }
  return added.has_value();
}

}  // namespace

TEST_CASE("adding to any JSON with comments keeps every character, and the meaning of the rest") {
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    const std::string before = RandomText(seed).jsonc();
    INFO("seed " << seed << "\n" << before);
    const std::string after = put(before, kPath, kEntry);
    INFO(after);
    CHECK(is_subsequence(without_blanks(before), without_blanks(after)));
    auto expected = meaning(Language::jsonc, before);
    expected["servers"]["delegate"] = kEntry;
    CHECK(meaning(Language::jsonc, after) == expected);
    const auto restored = remove_setting(Language::jsonc, after, kPath, remains_of(Language::jsonc, before, kPath));
    REQUIRE(restored);
    CHECK(*restored == before);
    const auto undone = remove_setting(Language::jsonc, after, kPath);
    REQUIRE(undone);
    // An empty table, or none: the text alone does not say what was there before.
    auto original = meaning(Language::jsonc, before);
    if (original.contains("servers") && !original["servers"].empty()) CHECK(*undone == before);
    if (original.contains("servers") && original["servers"].empty()) original.erase("servers");
    auto left = meaning(Language::jsonc, *undone);
    if (left.contains("servers") && left["servers"].empty()) left.erase("servers");
    CHECK(left == original);
  }
}

TEST_CASE("replacing a value in any JSON with comments changes nothing around it") {
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    const std::string before = put(RandomText(seed).jsonc(), kPath, kEntry);
    INFO("seed " << seed << "\n" << before);
    const std::string after = put(before, {"servers", "delegate", "timeout"}, 7777);
    const std::size_t at = before.find("3600");
    CHECK(after == before.substr(0, at) + "7777" + before.substr(at + 4));
  }
}

TEST_CASE("adding to any TOML keeps the text before it, and removing the addition restores the text") {
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
    CHECK(*undone == before);
  }
}

TEST_CASE("adding to any YAML keeps every character, and removing the addition restores the text") {
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    const std::string before = RandomText(seed).yaml();
    INFO("seed " << seed << "\n" << before);
    auto expected = meaning(Language::yaml, before);
    const std::string after = put(before, kPath, kEntry, Language::yaml);
    INFO(after);
    CHECK(is_subsequence(without_blanks(before), without_blanks(after)));
    expected["servers"]["delegate"] = kEntry;
    CHECK(meaning(Language::yaml, after) == expected);
    const auto undone = remove_setting(Language::yaml, after, kPath, remains_of(Language::yaml, before, kPath));
    REQUIRE(undone);
    CHECK(*undone == before);
    if (after.find("{\"delegate\"") != std::string::npos) continue;  // in braces
    const std::string longer = put(after, {"servers", "delegate", "timeout"}, 7777, Language::yaml);
    const std::size_t at = after.find("timeout: 3600");
    CHECK(longer == after.substr(0, at) + "timeout: 7777" + after.substr(at + 13));
    const std::string words = put(after, {"servers", "delegate", "args"}, {"mcp", "-w"}, Language::yaml);
    expected["servers"]["delegate"]["args"] = {"mcp", "-w"};
    CHECK(meaning(Language::yaml, words) == expected);
  }
}

TEST_CASE("random bytes are read and edited as promised, or refused with a reason") {
  std::set<std::string> broken;
  unsigned edited = 0;
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    RandomText random(seed);
    const std::string jsonc = random.garbage("{}[],:\"\\/* \n\r\tservdlgat1");
    const std::string toml = random.garbage("[]{}=.,\"'#\\ \n\r\tservdlgat1");
    const std::string yaml = random.garbage("[]{}:-,|>&*!\"'# \n\n\tservdlgat1");
    edited += note_broken_promises(Language::jsonc, jsonc, broken);
    edited += note_broken_promises(Language::toml, toml, broken);
    edited += note_broken_promises(Language::yaml, yaml, broken);
  }
  CHECK(broken == std::set<std::string>{});
  CHECK(edited > 500);
}

TEST_CASE("a damaged document is read and edited as promised, or refused with a reason") {
  std::set<std::string> broken;
  unsigned edited = 0;
  for (unsigned seed = 0; seed < kDocuments; ++seed) {
    RandomText random(seed);
    const Language language = seed % 3 == 0 ? Language::jsonc : seed % 3 == 1 ? Language::toml : Language::yaml;
    const std::string whole = language == Language::toml   ? random.toml()
                              : language == Language::yaml ? random.yaml()
                                                           : random.jsonc();
    edited += note_broken_promises(language, random.damaged(put(whole, kPath, kEntry, language)), broken);
  }
  CHECK(broken == std::set<std::string>{});
  CHECK(edited > kDocuments / 10);
}

TEST_CASE("a text that is nested too deeply is rejected without recursion") {
  const std::string deep(100'000, '[');
  CHECK_FALSE(read_settings(Language::jsonc, deep));
  CHECK_FALSE(read_settings(Language::jsonc, "{\"a\": " + deep));
  CHECK_FALSE(read_settings(Language::toml, "a = " + deep));
  CHECK_FALSE(read_settings(Language::yaml, "a: " + deep));
}

TEST_CASE("an error names line and column") {
  const auto what = [](std::string_view text) {
    const auto read = read_settings(Language::jsonc, text);
    REQUIRE_FALSE(read);
    return read.error().what;
  };
  CHECK(what("{\n  \"a\": 1\n  \"b\": 2\n}") == "line 3, column 3: expected a comma");
  CHECK(what("{\n  \"a\": 1,\n  /* b") == "line 3, column 3: unterminated comment");
  CHECK(what("{\"a\" 1}") == "line 1, column 6: expected a colon");
  CHECK(what("{\"a\": tru}") == "line 1, column 10: invalid JSON");
  CHECK(what("{} {}") == "line 1, column 4: unexpected text after the end");
  CHECK(what("{\"a\": \"x\ny\"}") == "line 1, column 9: unterminated string");
  CHECK(what("{\"a\": 1e999}") == "contains a number that is too large");
}

TEST_CASE("objects on the path that become empty are removed, unless they hold a comment") {
  const auto without = [](std::string_view text) { return *remove_setting(Language::jsonc, text, {"a", "b"}); };
  CHECK(without("{\n  \"x\": 1,\n  \"a\": {\n    \"b\": {}\n  }\n}") == "{\n  \"x\": 1\n}");
  CHECK(without("{\"a\": {\"b\": {}}, \"x\": 1}") == "{ \"x\": 1}");
  CHECK(without("{\n  \"a\": {\n    // why\n    \"b\": 1\n  }\n}") == "{\n  \"a\": {\n    // why\n  }\n}");
  CHECK(without("{\"a\": {\"b\": 1}}") == "{}");
}

TEST_CASE("two adjacent block comments are not taken for a line comment") {
  const std::string before = "{\n  \"servers\": {\n    \"a\": 1\n  /* x *//* y */\t}\n}";
  CHECK(*remove_setting(Language::jsonc, put(before, kPath, kEntry), kPath) == before);
}

TEST_CASE("undoing an entry in braces of YAML keeps comments, anchors and tags of them, or refuses") {
  const KeyPath path{"extensions", "delegate"};
  const Remains braces{.depth = 1, .blank = " ", .is_blank = true};
  CHECK(*remove_setting(Language::yaml, "extensions: { delegate: {a: 1}, }\n", path, braces) == "extensions: { }\n");
  CHECK(*remove_setting(Language::yaml, "extensions:  # mine\n  delegate: {a: 1}\n", path) == "extensions:  # mine\n");
  for (const char* text : {"extensions: { # keep me\n delegate: {a: 1}}\n", "extensions: &a {delegate: {a: 1}}\n",
                           "extensions: !!map {delegate: {a: 1}}\n", "extensions: {delegate: {a: 1} # keep me\n}\n"}) {
    INFO(text);
    CHECK_FALSE(remove_setting(Language::yaml, text, path));
  }
}
