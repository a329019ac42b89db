#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "cli/render/doctor.hpp"

// What `doctor` found, as text and as JSON.
using namespace delegate;
using namespace delegate::cli;
using namespace delegate::inspect;

namespace {

const std::vector<Section> kSections{
    {"configuration", {{FindingSeverity::ok, "configuration", "built-in values"}}},
    {"backends",
     {{FindingSeverity::problem, "claude", "not found on PATH", "install it"},
      {FindingSeverity::warning, "codex", "tripped manually", "delegate breaker reset codex"},
      {FindingSeverity::note, "gemini", "is not installed"}}}};

}  // namespace

TEST_CASE("each finding is a line in columns, its fix a line below it, and the last line sums up") {
  CHECK(to_text(kSections, "1.2", false) ==
        "ok       configuration  built-in values\n"
        "problem  claude         not found on PATH\n"
        "                        -> install it\n"
        "warning  codex          tripped manually\n"
        "                        -> delegate breaker reset codex\n"
        "note     gemini         is not installed\n"
        "\n"
        "delegate 1.2. 1 problem, 1 warning. No model was called; `delegate ping` calls each.\n");
}

TEST_CASE("without a problem the last line says so, warnings or not") {
  CHECK(to_text({{"state", {{FindingSeverity::ok, "state", "here"}}}}, "1.2", false).find("No problems found. ") !=
        std::string::npos);
  const Findings warned{{FindingSeverity::warning, "a", "b"}, {FindingSeverity::warning, "c", "d"}};
  CHECK(to_text({{"state", warned}}, "1.2", false).find("No problems found, 2 warnings. ") != std::string::npos);
}

TEST_CASE("only a painted report has colours, and the columns are the same without them") {
  CHECK(to_text(kSections, "1.2", false).find('\033') == std::string::npos);
  std::string painted = to_text(kSections, "1.2", true);
  CHECK(painted.find("\033[31mproblem\033[0m  claude") != std::string::npos);
  for (std::size_t at; (at = painted.find('\033')) != std::string::npos;)
    painted.erase(at, painted.find('m', at) - at + 1);
  CHECK(painted == to_text(kSections, "1.2", false));
}

TEST_CASE("foreign text cannot send control sequences to the terminal, nor break a line") {
  const std::string text =
      to_text({{"state", {{FindingSeverity::ok, "a\033b", "two\nlines", "\033]0;x\a"}}}}, "1.2", false);
  CHECK(text.find('\033') == std::string::npos);
  CHECK(text.find("two lines") != std::string::npos);
}

TEST_CASE("each finding as JSON names its check, and has a fix only where there is one") {
  const auto json = nlohmann::json::parse(to_json(kSections, "1.2"));
  CHECK(json["schema"] == "delegate.doctor/1");
  CHECK(json["version"] == "1.2");
  CHECK(json["problems"] == 1);
  CHECK(json["warnings"] == 1);
  REQUIRE(json["findings"].size() == 4);
  CHECK(json["findings"][1] == nlohmann::json{{"severity", "problem"},
                                              {"check", "backends"},
                                              {"about", "claude"},
                                              {"what", "not found on PATH"},
                                              {"fix", "install it"}});
  CHECK_FALSE(json["findings"][3].contains("fix"));
}
