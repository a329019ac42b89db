#include "core/base/json.hpp"

#include <catch2/catch.hpp>

#include "core/base/pieces.hpp"
#include "core/base/text.hpp"

// Records that another program wrote, with odd bytes in and around them.
using namespace delegate;

namespace {

const std::string kFace = "\xF0\x9F\x98\x80";
const std::string kOdd = "\uFFFD";

std::string text_in(const std::string& literal) {
  const auto json = parse_object("{\"a\":\"" + literal + "\"}");
  return json ? text_at(*json, "/a") : "(unread)";
}

/// The texts of the records in a line, and "!" if something there could not be read.
std::string read(const std::string& line) {
  const RecordLine found = records_in(line);
  std::string out;
  for (const Json& record : found.records) out += "[" + text_at(record, "/a") + "]";
  return out + (found.is_damaged ? "!" : "");
}

/// Joins the texts of records as they come; what is there so far is always valid.
std::string join_pieces(const std::vector<std::string>& literals) {
  std::string text;
  std::string cut;
  for (const std::string& literal : literals) {
    const RecordLine line = records_in("{\"a\":\"" + literal + "\"}");
    REQUIRE(line.records.size() == 1);
    append_piece(text, cut, piece_of(at(line.records[0], "/a")));
    CHECK(valid_utf8(text) == text);
  }
  append_end(text, cut);
  return text;
}

}  // namespace

TEST_CASE("an odd byte in a string costs that byte alone") {
  const std::vector<std::pair<std::string, std::string>> table{{"x\\ud83dy", "x" + kOdd + "y"},
                                                               {"\\ude00", kOdd},
                                                               {"\\ud83d\\ud83d\\ude00", kOdd + kFace},
                                                               {"\\ude00\\ud83d", kOdd + kOdd},
                                                               {"\\uD83D\\uDE00", kFace},
                                                               {"x\xF0\x9Fy", "x" + kOdd + kOdd + "y"},
                                                               {"\xC0\xAF", kOdd + kOdd},
                                                               {"\xFF", kOdd},
                                                               {"a\tb\x01", "a\tb\x01"},
                                                               {"\\\\ud83d \\\" \xE2\x82", "\\ud83d \" " + kOdd + kOdd},
                                                               {"\uFDF2\uFDD0", "\uFDF2\uFDD0"},
                                                               {"\\ud83d \uFDF2", kOdd + " \uFDF2"}};
  for (const auto& [literal, text] : table) {
    INFO(literal);
    CHECK(text_in(literal) == text);
  }
  CHECK(text_in("\\x") == "(unread)");
  CHECK(dump(*parse_object("{\"a\":\"\\ud83d\"}")) == "{\"a\":\"" + kOdd + "\"}");
}

TEST_CASE("a character in two pieces is joined, whichever way it was cut") {
  CHECK(join_pieces({"a\\ud83d", "\\ude00b"}) == "a" + kFace + "b");
  CHECK(join_pieces({"a\\ud83d", "", "\\ude00b"}) == "a" + kFace + "b");
  CHECK(join_pieces({"\xF0", "\x9F\x98", "\x80"}) == kFace);
  CHECK(join_pieces({"\\ud83d", "b"}) == kOdd + "b");
  CHECK(join_pieces({"a\\ud83d"}) == "a" + kOdd);
  CHECK(join_pieces({"a\xF0\x9F", "b"}) == "a" + kOdd + kOdd + "b");
  CHECK(join_pieces({"\\ud83d", "\\ud83d", "\\ude00"}) == kOdd + kFace);
}

TEST_CASE("what stands around a record is skipped") {
  const std::string record = R"({"a":"x"})";
  for (const std::string& line :
       {record, record + "\r\n", "\xEF\xBB\xBF" + record, "\x1B[?25l" + record + "\x1B[0m",
        "\x1B]0;{\"title\x07" + record, "\x1B]8;;{\"\x1B\\" + record, "Loaded the login." + record,
        "> { " + record + " } done", std::string("\x1B\x37") + record, "data: " + record})
    CHECK(read(line) == "[x]");
  CHECK(read(record + record) == "[x][x]");
  CHECK(read(record + "noise" + R"({ "a" : "y" })") == "[x][y]");
}

TEST_CASE("what looks like a record and cannot be read is noticed") {
  for (const char* line : {R"({"a":"x)", R"({"a":"x"} {"a":)", R"({"a" "x"})", R"(noise{"a":nothing})", R"(x","b":1})"})
    CHECK(read(line).ends_with("!"));
  for (const char* line :
       {R"(pleted","item":{"a":"x"}})", R"(choices":[{"a":"x"}]})", R"([{"a":"x"}])", R"(nt":" lost words)",
        R"("content":"ever)", R"({"a":"x"},{"a":"y"})", R"({"a":"x"}]})", R"("lost": {"a":"x"})"}) {
    INFO(line);
    CHECK(read(line).ends_with("!"));
  }
  CHECK(read(R"(pleted","item":{"a":"x"}})") == "!");  // an inner object is no record
  for (const char* line : {"", "noise", "{", "}", "  {\n", "[1]", "null", "{}", "x {y} z", "done: 5}"})
    CHECK(read(line).find('!') == std::string::npos);
}

TEST_CASE("what steers the direction of text is escaped in JSON that may be printed, and means the same") {
  const std::string text = "a\u202Eb\u2069c\u2028d\u200Fe\u00E9";
  const std::string written = dump(OrderedJson{{"key\u202E", text}});
  CHECK(written == "{\"key\\u202E\":\"a\\u202Eb\\u2069c\\u2028d\\u200Fe\u00E9\"}");
  CHECK(text_at(*parse_object(written), "/key\u202E") == text);
}

TEST_CASE("a text with too many values is not parsed, one with many is") {
  const auto list = [](std::size_t values) {
    std::string text = "{\"list\":[0";
    for (std::size_t i = 1; i < values; ++i) text += ",0";
    return text + "]}";
  };
  CHECK(parse_object(list(kMostJsonValues / 2)));
  CHECK_FALSE(parse_object(list(kMostJsonValues + 1)));
}

TEST_CASE("what is nested too deep is null, and the rest of the record is read") {
  const std::string deep = std::string(500, '[') + "{\"x\":\"]\"}" + std::string(500, ']');
  const std::string record = R"({"type":"error","details":)" + deep + R"(,"message":"no more quota","list":[1]})";
  const auto json = parse_object(record);
  REQUIRE(json);
  CHECK(text_at(*json, "/type") == "error");
  CHECK(text_at(*json, "/message") == "no more quota");
  CHECK(at(*json, "/list/0") == 1);
  const RecordLine line = records_in("noise " + record);
  CHECK(line.records == std::vector<Json>{*json});
  CHECK_FALSE(line.is_damaged);
  CHECK_FALSE(parse_object("{\"a\":" + deep.substr(0, 700)));
}

TEST_CASE("of a line with very many records the first ones are read") {
  for (const char* piece : {"{}", "{\"a\":1} ", "{\"a\":} "}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    const RecordLine line = records_in(text);
    CHECK(line.records.size() <= 10'000);
    CHECK(line.is_damaged);
  }
}

TEST_CASE("a text that is mostly no text is not repaired") {
  const auto object_of = [](std::size_t bytes, char byte) { return "{\"a\":\"" + std::string(bytes, byte) + "\"}"; };
  CHECK(text_at(*parse_object(object_of(1'000, '\xFF')), "/a").starts_with("\uFFFD"));
  CHECK(text_at(*parse_object(object_of(1'000, '\n')), "/a") == std::string(1'000, '\n'));
  CHECK_FALSE(parse_object(object_of(1'100'000, '\xFF')));
  CHECK_FALSE(parse_object(object_of(1'100'000, '\x01')));
}
