#include "core/mcp/schema.hpp"

#include <catch2/catch.hpp>

using namespace delegate::mcp;

namespace {

/// What is said of `arguments`, or "".
std::string said(const std::string& schema, const std::string& arguments) {
  Json value = Json::parse(arguments);
  return validate(value, Json::parse(schema)).value_or("");
}

/// The same of one argument, `a`.
std::string of_one(const std::string& schema, const std::string& value) {
  return said(R"({"properties":{"a":)" + schema + "}}", R"({"a":)" + value + "}");
}

}  // namespace

TEST_CASE("a value of the wrong type is named, with what it should be") {
  CHECK(of_one(R"({"type":"string"})", "7") == "a: must be string, not 7");
  CHECK(of_one(R"({"type":"integer"})", "\"7\"") == "a: must be integer, not \"7\"");
  CHECK(of_one(R"({"type":"integer"})", "7.5") == "a: must be integer, not 7.5");
  CHECK(of_one(R"({"type":"boolean"})", "null") == "a: must be boolean, not null");
  CHECK(of_one(R"({"type":"array"})", "{}") == "a: must be array, not an object");
  CHECK(of_one(R"({"type":"object"})", "[1]") == "a: must be object, not an array");
  CHECK(of_one(R"({"type":"null"})", "0") == "a: must be null, not 0");
  for (const char* row :
       {"string \"x\"", "integer 7", "number 7", "number 7.5", "boolean false", "array []", "null null"}) {
    const std::string text = row;
    const std::size_t space = text.find(' ');
    CHECK(of_one(R"({"type":")" + text.substr(0, space) + "\"}", text.substr(space + 1)).empty());
  }
}

TEST_CASE("a whole number is an integer however it is written") {
  Json value{{"a", 60.0}};
  CHECK_FALSE(validate(value, Json::parse(R"({"properties":{"a":{"type":"integer"}}})")));
  CHECK(value.at("a").is_number_integer());
  CHECK_FALSE(of_one(R"({"type":"integer"})", "1e300").empty());
}

TEST_CASE("bounds include their ends") {
  const std::string schema = R"({"type":"integer","minimum":1,"maximum":60})";
  CHECK(of_one(schema, "1").empty());
  CHECK(of_one(schema, "60").empty());
  CHECK(of_one(schema, "0") == "a: 0 is less than 1");
  CHECK(of_one(schema, "61") == "a: 61 is more than 60");
  CHECK(of_one(schema, "18446744073709551615") == "a: 18446744073709551615 is more than 60");
}

TEST_CASE("lengths are counted in characters") {
  const std::string schema = R"({"type":"string","minLength":2,"maxLength":3})";
  CHECK(of_one(schema, "\"äöü\"").empty());
  CHECK(of_one(schema, "\"ä\"") == "a: must have 2 characters or more");
  CHECK(of_one(schema, "\"äöüß\"") == "a: has 4 characters, at most 3 are allowed");
  CHECK(of_one(R"({"type":"string","minLength":1})", "\"\"") == "a: must not be empty");
}

TEST_CASE("a value outside an enumeration is shown with the allowed ones") {
  CHECK(of_one(R"({"enum":["red","blue"]})", "\"green\"") == "a: must be one of \"red\", \"blue\", not \"green\"");
  CHECK(of_one(R"({"enum":["red",7]})", "7").empty());
  CHECK(of_one(R"({"const":"x"})", "\"y\"") == "a: must be \"x\", not \"y\"");
  const std::string long_one = "\"" + std::string(100'000, 'g') + "\"";
  CHECK(of_one(R"({"enum":["red"]})", long_one).size() < 200);
}

TEST_CASE("missing and unknown members are named") {
  const std::string schema = R"({"required":["a","b"],"properties":{"a":{},"b":{}},"additionalProperties":false})";
  CHECK(said(schema, "{}") == "a: is required\nb: is required");
  CHECK(said(schema, R"({"a":1,"b":2,"c":3})") == "arguments: unknown argument \"c\" (known: a, b)");
  CHECK(said(R"({"additionalProperties":false})", R"({"c":3})") ==
        "arguments: unknown argument \"c\" (none is expected)");
  CHECK(said(R"({"additionalProperties":{"type":"string"}})", R"({"c":3})") == "c: must be string, not 3");
  CHECK(said(R"({"properties":{}})", R"({"c":3})").empty());
}

TEST_CASE("nested values are named by their path") {
  const std::string schema =
      R"({"properties":{"o":{"type":"object","required":["x"],"properties":{"l":{"items":{"type":"integer"}}},
          "additionalProperties":false}}})";
  CHECK(said(schema, R"({"o":{"l":[1,"2"],"y.z":0}})") ==
        "o.x: is required\no.l[1]: must be integer, not \"2\"\no: unknown argument \"y.z\" (known: l)");
}

TEST_CASE("defaults are filled in, also in nested objects, and never replace given values") {
  const Json schema =
      Json::parse(R"({"properties":{"a":{"default":1},"b":{"default":2},"o":{"properties":{"c":{"default":3}}}}})");
  Json value = Json::parse(R"({"b":null,"o":{}})");
  CHECK_FALSE(validate(value, schema));
  CHECK(value == Json::parse(R"({"b":null,"o":{"c":3},"a":1})"));
}

TEST_CASE("the number of reported problems is limited") {
  std::string list = "[0";
  for (int i = 0; i < 1000; ++i) list += ",0";
  const std::string text = of_one(R"({"items":{"type":"string"}})", list + "]");
  CHECK(std::count(text.begin(), text.end(), '\n') == 7);
}

TEST_CASE("a schema with unknown or malformed keywords allows what it does not forbid") {
  CHECK(of_one(R"({"$ref":"#/x","type":["string","null"],"minimum":"low","enum":7,"required":7,"items":7})", "1")
            .empty());
  CHECK(of_one("true", "1").empty());
}
