#include <catch2/catch.hpp>

#include "core/base/redact.hpp"
#include "tests/unit/base/fake_keys.hpp"

using namespace delegate;
using namespace delegate::test;

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
  const Redactor short_one(Variables{{"DATABASE_URL", "mysql://root:root@localhost/db"}});
  CHECK(short_one("/root/app: the root user") == "/root/app: the root user");
}

TEST_CASE("a variable that names a file is not secret, one that names a key is") {
  const Redactor redact(Variables{{"TLS_KEY", "/etc/ssl/private/key.pem"}, {"LLAMA", "open-sesame-open"}},
                        {.values = {"LLAMA"}});
  CHECK(redact("cannot read /etc/ssl/private/key.pem") == "cannot read /etc/ssl/private/key.pem");
  CHECK(redact("open-sesame-open") == "[redacted]");
}

TEST_CASE("a short key is removed as a word if it is known to be a key") {
  const Redactor redact(
      Variables{
          {"LLAMA", "abc12"}, {"OTHER_TOKEN", "xyz34"}, {"LOCAL_KEY", "ollama"}, {"PROXY", "http://anna:pw12@proxy"}},
      {.keys = {"LLAMA", "LOCAL_KEY"}});
  CHECK(redact("invalid key abc12.") == "invalid key [redacted].");
  CHECK(redact("{\"key\":\"abc12\"}") == "{\"key\":\"[redacted]\"}");
  CHECK(redact("anna has pw12") == "anna has pw12");  // of a proxy: it could be any word, such as root
  CHECK(redact("abc123, xabc12") == "abc123, xabc12");
  CHECK(redact("xyz34") == "xyz34");                                  // short, and not known to be a key
  CHECK(redact("ollama is not running") == "ollama is not running");  // what a server without keys is given
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
                           "token: /home/anna/.token1",
                           "TLS_KEY=/etc/ssl/key1.pem",
                           "function signature: read1234(int)",
                           "?key=%TOKEN%",
                           "cache_key: user12345",
                           "primary_key=id_12345678",
                           "{\"password\":\"must not be empty\"}",
                           "{\"token\":\"invalid token, run codex login\"}",
                           "{\"authorization\":\"missing header, log in again\"}",
                           "f(a, signature=inspect.signature)",
                           "PRIMARY_KEY=customer_id",
                           "Missing API key: https://console.example/keys?x=1",
                           "rt_sigprocmask_with_a_long_name_2",
                           "re_sent_to_a_very_long_recipient_list_2",
                           "pa-11y-runner-for-a-very-long-page-name-2024",
                           "path.to.some.module2.with.a.very.long.name.that.goes.on.and.on.and.on.and.on.until.here",
                           "sess-short",
                           "session sess-0199aa11",
                           "key-value-store-4711",
                           "SKU4711",
                           "AQ.short",
                           "secret_manager_client_v2",
                           "hf_transfer",
                           "discord.com/api/v10",
                           "https://hooks.slack.com/",
                           "Married.Some.Thing",
                           "12:AAPL",
                           "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
                           "git: 773ce4e..9f86d08 main -> main",
                           "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b2",
                           "the cookie: yes",
                           "hf_TransformersModelsAndConfigs",
                           "WHERE token = :token1",
                           "re_compile_Pattern2_WithAllFlags_and_more",
                           "glc_path/to/something2/else/and/so/on/and/on",
                           "glc_path_of_something_2_and_so_on_and_on",
                           "jina_embeddings_v2_base_code_model",
                           "pypi-server-with-a-long-name-2",
                           "sb_secret_manager_client_v2_of_a_name",
                           "s.TheLongNameOfAMethod2Call(x)",
                           "tokens[word].kind != TimeToken::Kind::word2",
                           "CancelToken::kBlindCheck",
                           "access_token=AccessToken(x)",
                           "implement a basic process_entries()",
                           "basic input/output",
                           "Basic POSIX-compliant signals",
                           "credentials = base64_encode(user)",
                           "refresh_token=self.refresh_token",
                           "name_key = self.NID_WithSHA1And3_Key_TripleDES_CBC",
                           "Authorization: Digest authentication is required",
                           "authorization: OAuth 2 is needed",
                           "credentials: include",
                           "cache_key=773ce4e0d9c1f1a2b3c4d5e6f708192a",
                           "public_key=4f8Zq1Lw7Xc2Vb9Nm3Kj6Hg5",
                           "the option --token takes a value",
                           "--api-key KEY_FROM_THE_CONSOLE",
                           "--token $TOKEN1234",
                           "std::vector<Token>tokens1234;",
                           "monkey=4f8Zq1Lw7Xc2Vb9Nm3Kj6Hg5",
                           "set ANTHROPIC_API_KEY: https://console.example/keys1",
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

TEST_CASE("of a text that reveals one secret after the other nothing is kept") {
  // Each of them is too long as long as the next one is there.
  const Redactor redact(Variables{});
  std::string chain;
  for (int i = 0; i < 6; ++i) chain += "abc8Q~" + key("", 34) + "~";
  for (const std::string& text : {chain, "a " + chain + " b"}) {
    CHECK(redact(text).find("4f8Zq1Lw7Xc2") == std::string::npos);
    CHECK(redact(redact(text)) == redact(text));
    CHECK(redact.finds_secret(text));
  }
}

TEST_CASE("the time to clean a text is linear in the text, whatever it is made of") {
  // Each of these took minutes as long as every beginning looked at all that follows.
  const Redactor redact(Variables{{"A_TOKEN", "\\a1b2c3d4"}, {"B_TOKEN", "a1a1a1a1a1a1a1a2"}});
  for (const char* piece :
       {"token=", "SG.", "cookie: ", "-----BEGIN PRIVATE KEY----------END -----", "\\",
        "cookie: x=\"token=", "authorization: a b=\"c\" ", "authorization:a b", "token=%22", "%22%27", "--token ",
        "\\u0022", "rt_A1b.", "glc_eyJ/", "-token\"\"\"", "<token>", "s.", "eyJa.."}) {
    std::string text;
    while (text.size() < 150'000) text += piece;
    CHECK(redact(text).size() <= 2 * text.size());
  }
}
