#include <catch2/catch.hpp>

#include "core/base/redact.hpp"
#include "core/base/secret_table.hpp"
#include "tests/unit/base/fake_keys.hpp"

using namespace delegate;
using namespace delegate::test;

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

TEST_CASE("a private key that was cut off is removed to the end of the text") {
  const Redactor redact(Variables{});
  CHECK(redact("x " + kPem.substr(0, 50)) == "x [redacted]");
  CHECK(redact("{\"m\":\"" + kPem.substr(0, 50) + "\",\"n\":1}") == "{\"m\":\"[redacted]\",\"n\":1}");
}
