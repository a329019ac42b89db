#include "core/base/redact.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using Variables = std::map<std::string, std::string>;

TEST_CASE("names of variables that hold secrets are known by their endings") {
  for (const char* name : {"ANTHROPIC_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY",
                           "ANTHROPIC_AUTH_TOKEN", "SSH_PASSPHRASE", "APP_CREDENTIALS"})
    CHECK(is_secret_name(name));
  for (const char* name : {"PATH", "HOME", "TOKENIZER", "MAX_THINKING_TOKENS", "API_KEY_FILE", ""})
    CHECK_FALSE(is_secret_name(name));
}

TEST_CASE("values of secret variables are removed wherever they stand") {
  const Redactor redact(Variables{{"MY_TOKEN", "hunter2hunter2"}, {"HOME", "/home/user"}, {"SHORT_TOKEN", "test"}});
  CHECK(redact("a hunter2hunter2, b=hunter2hunter2") == "a [redacted], b=[redacted]");
  CHECK(redact("/home/user runs a test") == "/home/user runs a test");
  CHECK(redact("").empty());
}

TEST_CASE("of two values the longer goes first") {
  const Redactor redact(Variables{{"A_TOKEN", "12345678"}, {"B_TOKEN", "1234567890"}});
  CHECK(redact("1234567890 12345678") == "[redacted] [redacted]");
}

TEST_CASE("a value that is part of the mask itself does no harm") {
  for (const char* value : {"redacted", "[redacted]", "redacted]"}) {
    const Redactor redact(Variables{{"MY_TOKEN", value}});
    CHECK_THAT(redact("it is " + std::string(value) + " here"), Catch::Contains("[redacted]"));
  }
}

TEST_CASE("keys are removed by their shape") {
  const Redactor redact(Variables{});
  CHECK(redact("key sk-ant-api03-abcdefghijkl.") == "key [redacted]");
  CHECK(redact("KEY=sk-abcdefghijklmnop") == "KEY=[redacted]");
  CHECK(redact("\"AIzaSyA1234567890123\"") == "\"[redacted]\"");
  CHECK(redact("ghp_abcdefghijklmnop gho_abcdefghijklmnop") == "[redacted] [redacted]");
  CHECK(redact("Authorization: Bearer abcdefghijklmnop") == "Authorization: [redacted]");
  CHECK(redact("?key=AIzaSyA1234567890123&x=1") == "?key=[redacted]&x=1");
}

TEST_CASE("a bearer token is removed to its end") {
  CHECK(Redactor(Variables{})("Bearer abcdefghijklm/nopq+rst==, then") == "[redacted], then");
}

TEST_CASE("ordinary words are left alone") {
  const Redactor redact(Variables{});
  for (const char* text : {"sk-short", "task-management-software", "Bearer of news", "ask-for-something-long-here",
                           "the AIza prefix", "risk-abcdefghijklmnop"})
    CHECK(redact(text) == text);
}
