#include "core/base/redact.hpp"

#include <catch2/catch.hpp>

#include "core/base/secret_table.hpp"

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

/// The same of capitals and digits, and of hexadecimal digits.
std::string capitals(const std::string& prefix, std::size_t length) {
  static const std::string kTail = "4Q7ZFAKE2LW5XC6VB7NM3KJ6HG5FD2SA4PO3IU2YT3RE4WQ5ZX6CV7BN8MK9";
  return prefix + kTail.substr(0, length);
}
std::string hex(const std::string& prefix, std::size_t length) {
  std::string out = prefix;
  while (out.size() < prefix.size() + length) out += "0fa4e5ecd1";
  return out.substr(0, prefix.size() + length);
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

namespace {

void check_key(const std::string& secret) {
  static const Redactor redact(Variables{});
  INFO(secret);
  CHECK(redact("key " + secret + ".") == "key [redacted].");
  CHECK(redact("{\"e\":\"" + secret + "\"}") == "{\"e\":\"[redacted]\"}");
  CHECK(redact("(" + secret + ")") == "([redacted])");
  CHECK(redact(R"(line\n)" + secret) == R"(line\n[redacted])");
  CHECK(redact("\x1b[31m" + secret + "\x1b[0m") == "\x1b[31m[redacted]\x1b[0m");
  CHECK(redact("q=%22" + secret + "\n") == "q=%22[redacted]\n");
}

}  // namespace

TEST_CASE("keys are recognised by their shape") {
  // The forms and lengths that the sources of core/base/secret_table.cpp give.
  struct Row {
    const char* prefix;
    std::size_t length;
  };
  static const std::vector<Row> kRows{{"sk-ant-api03-", 60},
                                      {"sk-proj-", 60},
                                      {"sk-", 48},
                                      {"sk-or-v1-", 60},
                                      {"sess-", 40},
                                      {"gsk_", 52},
                                      {"xai-", 60},
                                      {"pplx-", 48},
                                      {"hf_", 34},
                                      {"api_org_", 34},
                                      {"r8_", 37},
                                      {"nvapi-", 60},
                                      {"fw_", 24},
                                      {"tgp_v1_", 43},
                                      {"csk-", 48},
                                      {"jina_", 60},
                                      {"tvly-", 32},
                                      {"pcsk_", 60},
                                      {"pa-", 43},
                                      {"lsv2_pt_", 43},
                                      {"lsv2_sk_", 43},
                                      {"sk_", 48},
                                      {"wandb_v1_", 60},
                                      {"rpa_", 46},
                                      {"ctx7sk-", 36},
                                      {"rt_", 60},
                                      {"AIza", 35},
                                      {"AQ.", 50},
                                      {"ya29.", 60},
                                      {"1//0", 60},
                                      {"4/0A", 60},
                                      {"GOCSPX-", 28},
                                      {"ABSK", 60},
                                      {"bedrock-api-key-", 60},
                                      {"LTAI", 20},
                                      {"AKID", 32},
                                      {"AQVN", 36},
                                      {"y0_", 55},
                                      {"y1_", 55},
                                      {"y2_", 55},
                                      {"y3_", 55},
                                      {"ysc2_", 48},
                                      {"YC", 38},
                                      {"atlasv1.", 60},
                                      {"hvs.", 60},
                                      {"hvb.", 60},
                                      {"hvr.", 60},
                                      {"HRKU-", 60},
                                      {"fo1_", 43},
                                      {"fm1a_", 62},
                                      {"fm1r_", 62},
                                      {"fm2_", 62},
                                      {"vcp_", 24},
                                      {"vck_", 24},
                                      {"vca_", 24},
                                      {"vcr_", 24},
                                      {"nfp_", 36},
                                      {"sb_secret_", 32},
                                      {"pscale_tkn_", 43},
                                      {"pscale_pw_", 43},
                                      {"pscale_oauth_", 43},
                                      {"napi_", 60},
                                      {"rnd_", 28},
                                      {"tskey-auth-", 40},
                                      {"sha256~", 43},
                                      {"dt0c01.", 60},
                                      {"dt0s16.", 60},
                                      {"ghp_", 36},
                                      {"gho_", 36},
                                      {"ghu_", 36},
                                      {"ghs_", 36},
                                      {"ghr_", 36},
                                      {"github_pat_", 60},
                                      {"glpat-", 20},
                                      {"gldt-", 20},
                                      {"glrt-", 20},
                                      {"glrtr-", 20},
                                      {"glcbt-", 24},
                                      {"glptt-", 40},
                                      {"glft-", 20},
                                      {"glimt-", 25},
                                      {"glagent-", 50},
                                      {"gloas-", 60},
                                      {"glsoat-", 20},
                                      {"glffct-", 20},
                                      {"glwt-", 20},
                                      {"GR1348941", 20},
                                      {"ATATT3", 60},
                                      {"ATCTT3", 60},
                                      {"ATSTT3", 60},
                                      {"ATBB", 32},
                                      {"dckr_pat_", 27},
                                      {"dckr_oat_", 32},
                                      {"npm_", 36},
                                      {"pypi-AgE", 60},
                                      {"cio", 32},
                                      {"oy2", 43},
                                      {"CLOJARS_", 60},
                                      {"AKCp", 62},
                                      {"cmVmd", 59},
                                      {"sgp_", 40},
                                      {"bkua_", 40},
                                      {"CCIPAT_", 60},
                                      {"dp.pt.", 43},
                                      {"dp.st.dev.", 43},
                                      {"dp.ct.", 43},
                                      {"dp.sa.", 43},
                                      {"pnu_", 36},
                                      {"ico-", 32},
                                      {"xoxb-12345-", 24},
                                      {"xoxp-", 24},
                                      {"xoxa-", 24},
                                      {"xoxr-", 24},
                                      {"xoxs-", 24},
                                      {"xoxo-", 24},
                                      {"xoxc-", 24},
                                      {"xoxd-", 24},
                                      {"xoxe-", 24},
                                      {"xoxe.xoxp-1-", 40},
                                      {"xapp-1-", 40},
                                      {"xkeysib-", 60},
                                      {"xsmtpsib-", 60},
                                      {"SG.", 60},
                                      {"re_", 33},
                                      {"pat-na1-", 36},
                                      {"pat-eu1-", 36},
                                      {"gAAAAAB", 60},
                                      {"tk_", 29},
                                      {"aio_", 28},
                                      {"sm_pat_", 16},
                                      {"sm_aat_", 16},
                                      {"sm_sat_", 16},
                                      {"sk_live_", 24},
                                      {"sk_test_", 24},
                                      {"sk_prod_", 24},
                                      {"rk_live_", 24},
                                      {"rk_test_", 24},
                                      {"rk_prod_", 24},
                                      {"whsec_", 32},
                                      {"sq0atp-", 22},
                                      {"sq0csp-", 43},
                                      {"EAAA", 60},
                                      {"shpat_", 32},
                                      {"shpca_", 32},
                                      {"shppa_", 32},
                                      {"shpss_", 32},
                                      {"shptka_", 32},
                                      {"FLWSECK-", 32},
                                      {"FLWSECK_TEST-", 32},
                                      {"duffel_live_", 43},
                                      {"duffel_test_", 43},
                                      {"EZAK", 54},
                                      {"EZTK", 54},
                                      {"glsa_", 41},
                                      {"glc_eyJ", 60},
                                      {"sntrys_", 60},
                                      {"phx_", 43},
                                      {"lin_api_", 40},
                                      {"lin_oauth_", 60},
                                      {"ntn_", 46},
                                      {"secret_", 43},
                                      {"figd_", 40},
                                      {"PMAK-", 59},
                                      {"tfp_", 59},
                                      {"rdme_", 60},
                                      {"tk-us-", 48},
                                      {"fio-u-", 60},
                                      {"p8e-", 32},
                                      {"CFPAT-", 43},
                                      {"ops_eyJ", 62},
                                      {"hooks.slack.com/services/T", 40},
                                      {"hooks.slack.com/workflows/T", 40},
                                      {"hooks.slack.com/triggers/T", 40},
                                      {"discord.com/api/webhooks/1/", 60},
                                      {"discordapp.com/api/webhooks/1/", 60},
                                      {"webhook.office.com/webhookb2/", 60}};
  for (const Row& row : kRows) check_key(key(row.prefix, row.length));
  static const std::vector<Row> kCapitals{
      {"AKIA", 16}, {"ASIA", 16}, {"ABIA", 16}, {"ACCA", 16}, {"API-", 26}, {"NRAK-", 27}, {"AGE-SECRET-KEY-1", 58}};
  for (const Row& row : kCapitals) check_key(capitals(row.prefix, row.length));
  static const std::vector<Row> kHex{{"dapi", 32},         {"dkea", 32},         {"pul-", 40},    {"rubygems_", 48},
                                     {"key-", 32},         {"SK", 32},           {"fc-", 32},     {"sbp_", 40},
                                     {"shippo_live_", 40}, {"shippo_test_", 40}, {"sntryu_", 64}, {"dop_v1_", 64},
                                     {"doo_v1_", 64},      {"dor_v1_", 64},      {"v1.0-", 146}};
  for (const Row& row : kHex) check_key(hex(row.prefix, row.length));
  static const std::vector<Row> kLong{{"t1.", 180}, {"c1.", 180}, {"sl.", 138}, {"EAAG", 150}, {"EAAC", 150}};
  for (const Row& row : kLong) {
    std::string tail;
    while (tail.size() < row.length) tail += key("", 50);
    check_key(row.prefix + tail);
  }
  check_key("A3-4Q7ZFA-KE2LW5XC6VB-7NM3K-J6HG5-FD2SA");  // 1Password
  check_key("t1." + key("", 50) + "==." + key("", 50) + key("", 36) + "==");
  for (const SecretShape& shape : secret_shapes()) {
    if (shape.prefix == "A3-") continue;
    INFO(shape.prefix);
    const auto is_tried = [&](const Row& row) { return std::string_view(row.prefix).starts_with(shape.prefix); };
    CHECK((std::any_of(kLong.begin(), kLong.end(), is_tried) || std::any_of(kRows.begin(), kRows.end(), is_tried) ||
           std::any_of(kCapitals.begin(), kCapitals.end(), is_tried) ||
           std::any_of(kHex.begin(), kHex.end(), is_tried)));
  }
}

TEST_CASE("keys without a prefix, web tokens and private keys are recognised") {
  check_key(key("eyJ", 20) + "." + key("eyJ", 30) + "." + key("", 43));
  check_key(key("eyJ", 20) + "." + key("", 30) + "." + key("", 20) + "." + key("", 40) + "." + key("", 22));
  check_key(key("eyJ", 20) + ".." + key("", 16) + "." + key("", 40) + "." + key("", 22));  // the key is not in it
  check_key(key("s.", 24));                                                                // Vault, until 1.10
  check_key(key("M", 24) + "." + key("", 6) + "." + key("", 27));                          // Discord
  check_key("abc8Q~" + key("", 34));                                                       // Azure
  check_key(key("pat", 14) + "." + hex("", 64));                                           // Airtable
  check_key(kPem);
  const Redactor redact(Variables{});
  CHECK(redact("https://api.telegram.org/bot123456789:AA" + key("", 33) + "/getMe") ==
        "https://api.telegram.org/bot123456789:[redacted]/getMe");
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
           {"Authorization: ApiKey abcd1234", "Authorization: ApiKey [redacted]"},
           {"Authorization: Key abcd1234", "Authorization: Key [redacted]"},
           {"Authorization: NoScheme abcd1234", "Authorization: NoScheme [redacted]"},
           {"Authorization: part1234 abcd1234", "Authorization: [redacted]"},
           {"Authorization: abcd1234", "Authorization: [redacted]"},
           {"-H 'Authorization: Negotiate YII1abcd' -v", "-H 'Authorization: Negotiate [redacted]' -v"},
           {"Authorization: Digest username=\"Mufasa\", nc=00000001, response=\"6629fae4\"\nnext",
            "Authorization: Digest [redacted]\nnext"},
           {R"({"Authorization":"Digest username=\"Mufasa\", response=\"6629fae4\"","x":1})",
            R"({"Authorization":"Digest [redacted]","x":1})"},
           {R"({\"Authorization\":\"Digest username=\\\"Mufasa\\\", response=\\\"6629fae4\\\"\",\"x\":1})",
            R"({\"Authorization\":\"Digest [redacted]\",\"x\":1})"},
           {"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830, Signature=5d672d79",
            "Authorization: AWS4-HMAC-SHA256 [redacted]"},
           {R"({"Cookie":"a=\"1\"; b=2","x":1})", R"({"Cookie":"[redacted]","x":1})"},
           {"sent Basic dXNlcjpwYXNzd29yZA there", "sent [redacted] there"},
           {"x-api-key: abc123def", "x-api-key: [redacted]"},
           {R"({"apiKey":"abcdefgh"})", R"({"apiKey":"[redacted]"})"},
           {R"({\"api_key\": \"abcdefgh\"})", R"({\"api_key\": \"[redacted]\"})"},
           {"api_key=abcdefgh&x=1", "api_key=[redacted]&x=1"},
           {"GET /v1?key=abcdef12&x=1", "GET /v1?key=[redacted]&x=1"},
           {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPx", "aws_secret_access_key = [redacted]"},
           {"Cookie: sid=\"9f8e7d\"; b=2\nnext", "Cookie: [redacted]\nnext"},
           {R"(> Cookie: a=1; b="x"; c=3\r\n)", R"(> Cookie: [redacted]\r\n)"},
           {"password='correct'", "password='[redacted]'"},
           {R"("password": "correct horse battery")", R"("password": "[redacted]")"},
           {R"({\"password\":\"correct horse\"})", R"({\"password\":\"[redacted]\"})"},
           {"password := hunter22", "password := [redacted]"},
           {"OPENAI_KEY=abcdefg7", "OPENAI_KEY=[redacted]"},
           {"export AZURE_OPENAI_KEY='abcdefg7'", "export AZURE_OPENAI_KEY='[redacted]'"},
           {"DEPLOY_PAT: abcd1234", "DEPLOY_PAT: [redacted]"},
           {"openai_key=abcdefg7", "openai_key=[redacted]"},
           {"azure-openai-key: abcdefg7", "azure-openai-key: [redacted]"},
           {R"({"geminiKey":"abcdefg7"})", R"({"geminiKey":"[redacted]"})"},
           {"deploy_key=4f8Zq1Lw7Xc2Vb9Nm3Kj6Hg5", "deploy_key=[redacted]"},
           {R"({"credentials": "abcdefg7"})", R"({"credentials": "[redacted]"})"},
           {"tool --api-key abcdefg7 --next", "tool --api-key [redacted] --next"},
           {"tool -token abcdefg7", "tool -token [redacted]"},
           {"tool --token=abcdefgh", "tool --token=[redacted]"},
           {"tool --password \"correct horse\"", "tool --password \"[redacted]\""},
           {R"(["--api-key", "abcdefg7", "-x"])", R"(["--api-key", "[redacted]", "-x"])"},
           {R"([\"--api-key\",\"abcdefg7\"])", R"([\"--api-key\",\"[redacted]\"])"},
           {R"({\\\"api_key\\\": \\\"abcdefgh\\\"})", R"({\\\"api_key\\\": \\\"[redacted]\\\"})"},
           {R"({\u0022api_key\u0022:\u0022abcdefg7\u0022})", R"({\u0022api_key\u0022:\u0022[redacted]\u0022})"},
           {"%22api_key%22%3A%22abcdefg7%22%7D", "%22api_key%22%3A%22[redacted]%22%7D"},
           {"q?api_key%3Dabcdefg7", "q?api_key%3D[redacted]"},
           {"&quot;api_key&quot;: &quot;abcdefg7&quot;", "&quot;api_key&quot;: &quot;[redacted]&quot;"},
           {"<password>hunter</password>", "<password>[redacted]</password>"},
           {"SECRET=x://abcdefgh", "SECRET=[redacted]"},
           {"API_TOKEN=https://user:pw@host/path1", "API_TOKEN=[redacted]"},
           {R"({"password":"https://abcd"})", R"({"password":"[redacted]"})"},
           {"api key: abcd1234", "api key: [redacted]"},
           {"AccountName=x;AccountKey=abcd1234abcd==;EndpointSuffix=y",
            "AccountName=x;AccountKey=[redacted];EndpointSuffix=y"},
           {"SharedAccessKey=abcd1234abcd=", "SharedAccessKey=[redacted]"},
           {"https://x.example/c?sv=2&sig=a%2Fb%3D1234&se=1", "https://x.example/c?sv=2&sig=[redacted]&se=1"},
           {"?sig=%2Fab1234%3D", "?sig=[redacted]"},
           {"?X-Amz-Signature=0fa4e5ecd1&x=1", "?X-Amz-Signature=[redacted]&x=1"},
           {"Ocp-Apim-Subscription-Key: abcd1234", "Ocp-Apim-Subscription-Key: [redacted]"},
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
