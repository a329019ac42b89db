#include <catch2/catch.hpp>

#include "tests/unit/config/loading.hpp"

// Keys that steer by quota: orders with equals, reserves, amounts and prices, in each of their forms.
using namespace delegate;
using namespace delegate::test;

namespace {

using Names = std::vector<std::string>;
using Groups = std::vector<Names>;

LoadedConfig of_claude(const std::string& text) { return load_user("[backends.claude]\n" + text + "\n"); }

BackendSettings claude(const std::string& text) {
  const LoadedConfig loaded = of_claude(text);
  INFO(text);
  REQUIRE(lines(loaded) == Names{});
  return loaded.config.backends.at("claude");
}

BackendOrder order(const std::string& text) {
  const LoadedConfig loaded = load_user("[router]\norder = " + text + "\n");
  INFO(text);
  REQUIRE(lines(loaded) == Names{});
  return loaded.config.router.order;
}

std::string problem(const std::string& text) {
  const Names all = problems_of(text);
  INFO(text);
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("backends in a list inside of an order are equals, and keep their places in it") {
  const BackendOrder read = order(R"([["claude", "codex"], "gemini", "ollama"])");
  CHECK(read.names == Names{"claude", "codex", "gemini", "ollama"});
  CHECK(read.equals == Groups{{"claude", "codex"}});
  CHECK(order(R"(["gemini", ["claude", "codex"]])").equals == Groups{{"claude", "codex"}});
  CHECK(order(R"(["gemini", "codex"])").equals.empty());
  CHECK(order("[]").names.empty());
}

TEST_CASE("a list of one is that backend") {
  CHECK(order(R"([["claude"], "codex"])") == order(R"(["claude", "codex"])"));
}

TEST_CASE("an order that is none is refused at the place of the mistake") {
  const auto in_order = [](const std::string& text) { return problem("[router]\norder = " + text + "\n"); };
  CHECK(in_order(R"([[], "claude"])") == "user.toml:2:10: router.order[0]: a list of equals must not be empty");
  CHECK(in_order(R"(["gemini", [["claude"], "codex"]])") ==
        "user.toml:2:21: router.order[1]: expected a backend, found a list");
  CHECK(in_order(R"([["claude", 3]])") == "user.toml:2:21: router.order[0]: expected a backend, found the integer 3");
  CHECK(in_order(R"([{ a = 1 }])").starts_with("user.toml:2:10: router.order[0]: expected a backend, or a list of "));
  CHECK(in_order(R"([["claude", "codex"], "claude"])").starts_with("user.toml:2:9: router.order: "));
  CHECK(in_order(R"([["claude", "claude"]])").starts_with("user.toml:2:9: router.order: "));
  CHECK(in_order(R"([["claude", "cloude"]])").find("cloude") != std::string::npos);
}

TEST_CASE("a reserve is one share of all windows, or one for each") {
  CHECK(claude(R"(reserve = "15%")").reserve == std::vector<WindowShare>{{"", 0.15}});
  CHECK(claude(R"(reserve = " 2.5% ")").reserve == std::vector<WindowShare>{{"", 0.025}});
  CHECK(claude(R"(reserve = { five_hour = "10%", seven_day = "20%" })").reserve ==
        std::vector<WindowShare>{{"five_hour", 0.1}, {"seven_day", 0.2}});
  CHECK(claude("reserve.seven_day_opus = \"30%\"").reserve == std::vector<WindowShare>{{"seven_day_opus", 0.3}});
  CHECK(claude(R"(reserve = { 24h = "10%", requests = "5%" })").reserve.size() == 2);
  CHECK(claude(R"(reserve_light = "40%")").reserve_light == std::vector<WindowShare>{{"", 0.4}});
  CHECK(claude(R"(reserve = "0%")").reserve.empty());
  CHECK(claude(R"(reserve = "100%")").reserve == std::vector<WindowShare>{{"", 1}});
}

TEST_CASE("a reserve that is none says what it should look like") {
  const auto in_reserve = [](const std::string& text) {
    return problem("[backends.claude]\nreserve = " + text + "\n");
  };
  constexpr const char* kForm = R"( -> write it like "15%", from 0% to 100%)";
  CHECK(in_reserve("\"15\"") == std::string("user.toml:2:11: backends.claude.reserve: '15' is not a share") + kForm);
  CHECK(in_reserve("\"101%\"") ==
        std::string("user.toml:2:11: backends.claude.reserve: '101%' is not from 0% to 100%") + kForm);
  CHECK(in_reserve("\"-1%\"").ends_with(kForm));
  CHECK(in_reserve("\"15%%\"").ends_with(kForm));
  CHECK(in_reserve("\"nan%\"").ends_with(kForm));
  CHECK(in_reserve("\"\"").ends_with(kForm));
  CHECK(in_reserve("15").find("expected a share like \"15%\", found the integer 15") != std::string::npos);
  CHECK(in_reserve("[\"15%\"]").find("found a list") != std::string::npos);
  CHECK(in_reserve("{ five_hour = 10 }").starts_with("user.toml:2:25: backends.claude.reserve.five_hour: expected a "));
}

TEST_CASE("a reserve of a window that cannot exist is a mistake") {
  const std::string said = problem("[backends.claude]\nreserve = { weekly = \"20%\" }\n");
  CHECK(said.starts_with("user.toml:2:13: backends.claude.reserve.weekly: \"weekly\" is not a window -> five_hour, "));
  CHECK(problem("[backends.claude]\nreserve = { seven_days = \"20%\" }\n").find("is not a window") !=
        std::string::npos);
}

TEST_CASE("a reserve of a window under a name that no call reports is a mistake, and the reason is stated") {
  const auto reason = [](const std::string& window) {
    const std::string said = problem("[backends.claude]\nreserve = { " + window + " = \"20%\" }\n");
    const std::string where = "user.toml:2:13: backends.claude.reserve.";
    INFO(said);
    CHECK(said.starts_with(where));
    return said.substr(std::min(said.size(), said.find(": ", where.size()) + 2));
  };
  CHECK(reason("168h") == "\"168h\" is not a window: one of this length is called seven_day");
  CHECK(reason("7d") == "\"7d\" is not a window: one of this length is called seven_day");
  CHECK(reason("120m") == "\"120m\" is not a window: one of this length is called 2h");
  const std::string letters =
      " is not a window: names consist of at most 40 small letters, digits, \".\", \"-\" and \"_\"";
  CHECK(reason("seven_day_Opus") == "\"seven_day_Opus\"" + letters);
  CHECK(reason("\"five_hour_opus 5\"") == "\"five_hour_opus 5\"" + letters);
  for (const char* window : {"30d", "24h", "90m", "seven_day_opus", "tokens", "req-minute"}) {
    CAPTURE(window);
    CHECK(lines(load_user("[backends.claude]\nreserve = { " + std::string(window) + " = \"20%\" }\n")) == Names{});
  }
}

TEST_CASE("an amount is money, tokens or calls, and each of them limits once") {
  const auto day = [](const std::string& text) {
    const LoadedConfig loaded = load_user("[budget]\nday = " + text + "\n");
    INFO(text);
    REQUIRE(lines(loaded) == Names{});
    return loaded.config.budget.day;
  };
  using enum BudgetUnit;
  CHECK(day(R"("300 calls")") == std::vector<BudgetAmount>{{calls, 300}});
  CHECK(day(R"("2M tokens")") == std::vector<BudgetAmount>{{tokens, 2e6}});
  CHECK(day(R"(["200k tokens", "20 calls"])") == std::vector<BudgetAmount>{{tokens, 2e5}, {calls, 20}});
  CHECK(day("[]").empty());
  const auto in_day = [](const std::string& text) { return problem("[budget]\nday = " + text + "\n"); };
  CHECK(in_day(R"("5 €")").find("is not an amount -> write it like") != std::string::npos);
  CHECK(in_day(R"(["3 calls", "4 calls"])").find("[1]: \"4 calls\" is a second limit") != std::string::npos);
  CHECK(in_day("5").find("expected an amount like") != std::string::npos);
  CHECK(in_day(R"("-5 calls")").find("is not an amount") != std::string::npos);
}

TEST_CASE("a price is a number, and no price is an empty text") {
  CHECK(claude("price.input = 3").price_input == 3.0);
  CHECK(claude("price.output = 12.5").price_output == 12.5);
  CHECK_FALSE(claude("price.input = \"\"").price_input);
  const auto in_price = [](const std::string& text) { return problem("[backends.claude]\nprice.input = " + text); };
  CHECK(in_price("-1\n").ends_with("price.input: must not be negative, is the integer -1"));
  CHECK(in_price("inf\n").find("must not be negative") != std::string::npos);
  CHECK(in_price("\"3\"\n").ends_with("expected a number, found the string \"3\" -> write it without quotes: 3"));
}

TEST_CASE("choices of how to steer are named with their alternatives") {
  CHECK(claude("overage = \"avoid\"").overage == "avoid");
  CHECK(problem("[backends.claude]\noverage = \"never\"\n").find("allow") != std::string::npos);
  CHECK(problem("[router]\nbalance = \"head room\"\n").find("headroom") != std::string::npos);
  CHECK(problem("[router]\nreserve_is = \"hard\"\n").find("firm") != std::string::npos);
}

TEST_CASE("the environment sets reserves, amounts and prices, too") {
  const LoadedConfig loaded =
      load_config(environment({{"DELEGATE_BACKENDS_CLAUDE_RESERVE", "15%"},
                               {"DELEGATE_BACKENDS_CODEX_RESERVE", "five_hour=10%, seven_day=20%"},
                               {"DELEGATE_BACKENDS_CODEX_PRICE_INPUT", "1.25"},
                               {"DELEGATE_BACKENDS_CODEX_PRICE_OUTPUT", ""},
                               {"DELEGATE_BACKENDS_CODEX_OVERAGE", "allow"},
                               {"DELEGATE_BUDGET_WEEK", "2M tokens, 300 calls"},
                               {"DELEGATE_ROUTER_BALANCE", "headroom"}}));
  REQUIRE(lines(loaded) == Names{});
  CHECK(loaded.config.backends.at("claude").reserve == std::vector<WindowShare>{{"", 0.15}});
  CHECK(loaded.config.backends.at("codex").reserve == std::vector<WindowShare>{{"five_hour", 0.1}, {"seven_day", 0.2}});
  CHECK(loaded.config.backends.at("codex").price_input == 1.25);
  CHECK_FALSE(loaded.config.backends.at("codex").price_output);
  CHECK(loaded.config.budget.week.size() == 2);
  CHECK(loaded.config.router.balance == "headroom");
  CHECK(lines(load_config(environment({{"DELEGATE_BACKENDS_CLAUDE_RESERVE", "weekly=20%"}}))).size() == 1);
  CHECK(lines(load_config(environment({{"DELEGATE_BACKENDS_CLAUDE_PRICE_INPUT", "cheap"}}))).size() == 1);
}

TEST_CASE("what steers by quota is written out as a file that means the same") {
  const LoadedConfig loaded = load_user(
      "[router]\norder = [[\"claude\", \"codex\"], \"gemini\"]\norder_light = [\"ollama\", [\"gemini\", \"codex\"]]\n"
      "[budget]\nmonth = [\"2.5M tokens\", \"1000 calls\"]\n[backends.claude]\nreserve = { five_hour = \"10%\", 30d = "
      "\"2.5%\", seven_day = \"0.04%\" }\n"
      "reserve_light = \"40%\"\nprice.input = 2.5\nprice.output = 10\n");
  REQUIRE(lines(loaded) == Names{});
  std::string text;
  for (const ConfigValue& value : values_of(loaded.config))
    if (value.key != "state.url") text += value.key + " = " + to_toml(value.value) + "\n";
  const LoadedConfig again = load_user(text);
  REQUIRE(lines(again) == Names{});
  CHECK(again.config.router == loaded.config.router);
  CHECK(again.config.backends.at("claude") == loaded.config.backends.at("claude"));
  CHECK(again.config.budget == loaded.config.budget);
}

TEST_CASE(
    "an order that an untrusted project rearranges may make equals of backends that yours names, but of no other") {
  ConfigSources sources = user("[router]\norder = [\"claude\", \"gemini\"]\n");
  sources.project_file = ConfigFile{"project.toml", "[router]\norder = [[\"gemini\", \"claude\"]]\n"};
  CHECK(load_config(sources).config.router.order.equals == Groups{{"gemini", "claude"}});
  sources.project_file = ConfigFile{"project.toml", "[router]\norder = [[\"gemini\", \"codex\"]]\n"};
  const LoadedConfig refused = load_config(sources);
  REQUIRE(refused.ignored.size() == 1);
  CHECK(refused.ignored.front().value == R"([["gemini", "codex"]])");
  CHECK(refused.config.router.order.names == Names{"claude", "gemini"});
}
