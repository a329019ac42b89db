#include "core/base/redact.hpp"

#include <catch2/catch.hpp>

using namespace delegate;
using Variables = std::map<std::string, std::string>;

namespace {

const std::string kPem =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7c9x\nq0lO4p==\n-----END RSA PRIVATE KEY-----";

/// Assembled here, so that a secret scanner does not report the test as a leak.
std::string key(const std::string& prefix, std::size_t length) {
  static const std::string kTail = "4f8Zq1Lw7Xc2Vb9Nm3Kj6Hg5Fd0Sa8Po1Iu2Yt3Re4Wq5Zx6Cv7Bn8Mk9Lp0";
  return prefix + kTail.substr(0, length);
}

}  // namespace

TEST_CASE("names of secret variables are recognised by their words and endings") {
  for (const char* name : {"ANTHROPIC_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY",
                           "ANTHROPIC_AUTH_TOKEN", "SSH_PASSPHRASE", "APP_CREDENTIALS", "MY_SECRET_WORD",
                           "PASSWORD_OF_DB", "SIGNING_KEY", "TOKEN", "apikey", "npm_token"})
    CHECK(is_secret_name(name));
  for (const char* name : {"PATH", "HOME", "TOKENIZER", "MAX_THINKING_TOKENS", "API_KEY_FILE", "PWD", "OLDPWD",
                           "KEYBOARD", "SSH_AUTH_SOCK", "MONKEY", "TOKEN_PATH", ""})
    CHECK_FALSE(is_secret_name(name));
}

TEST_CASE("values of secret variables are removed anywhere in a text") {
  const Redactor redact(Variables{{"MY_TOKEN", "hunter2hunter2"}, {"HOME", "/home/user"}, {"SHORT_TOKEN", "test"}});
  CHECK(redact("a hunter2hunter2, b=hunter2hunter2") == "a [redacted], b=[redacted]");
  CHECK(redact("/home/user runs a test") == "/home/user runs a test");
  CHECK(redact("").empty());
}

TEST_CASE("two overlapping values are removed completely") {
  const Redactor redact(Variables{{"A_TOKEN", "12345678"}, {"B_TOKEN", "1234567890"}});
  CHECK(redact("1234567890 12345678") == "[redacted] [redacted]");
}

TEST_CASE("a value that is part of the mask is handled") {
  for (const char* value : {"redacted", "[redacted]", "redacted]"}) {
    const Redactor redact(Variables{{"MY_TOKEN", value}});
    CHECK_THAT(redact("it is " + std::string(value) + " here"), Catch::Contains("[redacted]"));
    CHECK(redact(redact("it is redacted")) == redact("it is redacted"));
  }
}

TEST_CASE("a value is found in any notation") {
  const Redactor redact(Variables{{"MY_SECRET", "p@ss\"w\\rd/9 x=1"}});
  for (const char* written : {"p@ss\"w\\rd/9 x=1", R"(p@ss\"w\\rd\/9 x=1)", R"(p@ss\\\"w\\\\rd/9 x=1)",
                              "p%40ss%22w%5Crd%2F9%20x%3D1", R"(p\u0040ss\u0022w\\rd/9 x\u003d1)"}) {
    INFO(written);
    CHECK(redact("is <" + std::string(written) + "> so") == "is <[redacted]> so");
  }
}

TEST_CASE("a value that is broken across lines is removed") {
  const Redactor redact(Variables{{"MY_TOKEN", "abcdefgh12345678ijklmnop"}});
  CHECK(redact("abcdefgh1234\n    5678ijklmnop end") == "[redacted] end");
  CHECK(redact("abcdefgh1234 5678ijklmnop end") == "[redacted] end");
  CHECK(redact(R"({"error":"abcdefgh1234\n5678ijklmnop"})") == R"({"error":"[redacted]"})");
  CHECK(redact("abcdefgh1234\n| 5678ijklmnop") == "[redacted]\n| [redacted]");
}

TEST_CASE("a value of several lines is removed from one line, too") {
  const Redactor redact(Variables{{"DEPLOY_KEY", "first line of it\nsecond line of it\n"}});
  CHECK(redact("a first line of it second line of it b") == "a [redacted] b");
  CHECK(redact(R"(a first line of it\nsecond line of it b)") == "a [redacted] b");
}

TEST_CASE("a part of a value that was cut off is removed") {
  const Redactor redact(Variables{{"MY_TOKEN", "abcdefgh12345678ijklmnop"}});
  CHECK(redact("it said: abcdefgh12345…") == "it said: [redacted]…");
  CHECK(redact("78ijklmnop and so on, after 5678ijklmnop") == "78ijklmnop and so on, after [redacted]");
  CHECK(Redactor(Variables{{"MY_TOKEN", "abcdefgh-ijklmnop-12345678"}})("b: nop-12345678, b-12345678") ==
        "b: [redacted], b[redacted]");
  CHECK(redact("abcdefgh") == "abcdefgh");  // too short to be certain
}

TEST_CASE("a password in a variable with a URL is a secret, the rest is not") {
  const Redactor redact(Variables{{"HTTPS_PROXY", "http://anna:correct-horse@proxy.example:3128"}});
  CHECK(redact("proxy.example refused anna (correct-horse)") == "proxy.example refused anna ([redacted])");
}

TEST_CASE("a variable that names a file is not secret, one that names a key is") {
  const Redactor redact(Variables{{"TLS_KEY", "/etc/ssl/private/key.pem"}, {"LLAMA", "open-sesame-open"}}, {"LLAMA"});
  CHECK(redact("cannot read /etc/ssl/private/key.pem") == "cannot read /etc/ssl/private/key.pem");
  CHECK(redact("open-sesame-open") == "[redacted]");
}

TEST_CASE("keys are recognised by their shape") {
  const Redactor redact(Variables{});
  for (const std::string& secret : {key("sk-ant-api03-", 40),
                                    key("sk-proj-", 40),
                                    key("sk-", 20),
                                    key("AIza", 35),
                                    key("ghp_", 36),
                                    key("gho_", 36),
                                    key("ghs_", 36),
                                    key("github_pat_", 50),
                                    key("xoxb-12345-", 24),
                                    key("xoxp-", 24),
                                    key("glpat-", 20),
                                    key("npm_", 36),
                                    key("hf_", 34),
                                    key("gsk_", 40),
                                    key("xai-", 40),
                                    key("ya29.", 40),
                                    std::string("AKIA") + "IOSFODNN7EXAMPLE",
                                    key("eyJ", 20) + "." + key("eyJ", 30) + "." + key("", 43),
                                    kPem,
                                    key("sk_live_", 24)}) {
    INFO(secret);
    CHECK(redact("key " + secret + ".") == "key [redacted].");
    CHECK(redact("{\"e\":\"" + secret + "\"}") == "{\"e\":\"[redacted]\"}");
    CHECK(redact("(" + secret + ")") == "([redacted])");
    CHECK(redact(R"(line\n)" + secret) == R"(line\n[redacted])");
  }
}

TEST_CASE("values of headers, assignments and URLs are removed") {
  const Redactor redact(Variables{});
  struct Row {
    const char* text;
    const char* clean;
  };
  for (const Row& row : std::vector<Row>{
           {"Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [redacted]"},
           {"authorization: basic dXNlcjpwYXNz", "authorization: basic [redacted]"},
           {"sent Bearer a1b2c3d4e5/f+g== there", "sent [redacted] there"},
           {"cookie: session=9f8e7d; theme=dark", "cookie: [redacted]"},
           {"Set-Cookie: id=a3fWa; Path=/\nnext", "Set-Cookie: [redacted]\nnext"},
           {R"({"cookie":"session=9f8e7d"})", R"({"cookie":"[redacted]"})"},
           {"the cookie: a crumb", "the cookie: a crumb"},
           {"x-api-key: abc123def", "x-api-key: [redacted]"},
           {R"({"apiKey":"abcdefgh"})", R"({"apiKey":"[redacted]"})"},
           {R"({\"api_key\": \"abcdefgh\"})", R"({\"api_key\": \"[redacted]\"})"},
           {"api_key=abcdefgh&x=1", "api_key=[redacted]&x=1"},
           {"GET /v1?key=abcdef12&x=1", "GET /v1?key=[redacted]&x=1"},
           {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPx", "aws_secret_access_key = [redacted]"},
           {"password='correct'", "password='[redacted]'"},
           {"DB_PASSWORD: hunter22", "DB_PASSWORD: [redacted]"},
           {"postgres://anna:hunter@db/x", "postgres://[redacted]@db/x"},
           {"https://a1b2c3d4e5f6a7b8c9d0@git.example/x", "https://[redacted]@git.example/x"},
       }) {
    CHECK(redact(row.text) == row.clean);
    CHECK(redact(redact(row.text)) == row.clean);
  }
}

TEST_CASE("a private key that was cut off is removed to the end of the text") {
  const Redactor redact(Variables{});
  CHECK(redact("x " + kPem.substr(0, 50)) == "x [redacted]");
  CHECK(redact("{\"m\":\"" + kPem.substr(0, 50) + "\",\"n\":1}") == "{\"m\":\"[redacted]\",\"n\":1}");
}

TEST_CASE("ordinary words, hashes, ids and paths are left alone") {
  const Redactor redact(Variables{{"EDITOR", "vim"}, {"LANG", "en_US.UTF-8"}});
  for (const char* text : {"sk-short",
                           "task-management-software-2",
                           "Bearer of news",
                           "ask-for-something-long-here-2",
                           "the AIza prefix",
                           "risk-abcdefghijklmnop1",
                           "sk-estonia-translations",
                           "Basic authentication is needed",
                           "bearer authentication",
                           "773ce4e0d9c1f1a2b3c4d5e6f708192a3b4c5d6e",
                           "0199aa11-7c3f-7d51-b0f2-9a3c1e5f7a88",
                           "/home/anna/src/app/token.cpp:12:3",
                           "unexpected token: identifier",
                           "token: expected ')'",
                           "max_tokens: 8192",
                           "password: required",
                           "npm_config_cache",
                           "hf_hub_download",
                           "output token count 12345678",
                           "ssh://git@github.com/x/y",
                           "http://127.0.0.1:8080/v1/models",
                           "api_key_env = \"LLAMA_API_KEY\"",
                           "set backends.claude.env.keep = [\"ANTHROPIC_API_KEY\"]",
                           "api_key=$API_KEY",
                           "claude-opus-4-5-20251101",
                           "qwen3:8b-q4_K_M",
                           "eyJ is how they begin",
                           "-----BEGIN CERTIFICATE-----\nMIIB",
                           "the token is gone",
                           "codex login",
                           "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
    CHECK(redact(text) == text);
}

TEST_CASE("clean text stays as it is, and so does text that was cleaned before") {
  const Redactor redact(Variables{{"MY_TOKEN", "hunter2hunter2"}});
  const std::string once = redact("hunter2hunter2" + key("sk-", 30) + " password=hunter2hunter2x");
  CHECK(once.find("hunter2hunter2") == std::string::npos);
  CHECK(redact(once) == once);
  CHECK(redact.finds_secret("x hunter2hunter2"));
  CHECK_FALSE(redact.finds_secret(once));
}
