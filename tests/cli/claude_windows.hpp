#pragma once
#include <chrono>
#include <string>

#include "tests/cli/cli.hpp"

namespace delegate::test {

/// How much of its windows a claude has used, as its output says it.
struct ClaudeWindows {
  double five_hour = 0;
  double seven_day = 0;
  bool is_billed_extra = false;
  std::chrono::seconds five_hour_left = std::chrono::minutes(100);
};

/// The output of a call of claude that ends now.
inline std::string claude_output(const ClaudeWindows& used) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto window = [&](double share, std::chrono::seconds left) {
    return Json{{"utilization", share}, {"resetsAt", (now + left).count()}, {"status", "allowed"}};
  };
  const Json info{{"status", "allowed"},
                  {"rateLimitType", "five_hour"},
                  {"isUsingOverage", used.is_billed_extra},
                  {"unifiedWindows",
                   {{"five_hour", window(used.five_hour, used.five_hour_left)},
                    {"seven_day", window(used.seven_day, std::chrono::hours(69))}}}};
  const Json limits{{"type", "rate_limit_event"}, {"rate_limit_info", info}, {"session_id", "s-1"}};
  const Json result{
      {"type", "result"}, {"subtype", "success"}, {"is_error", false}, {"result", "Hello."}, {"session_id", "s-1"}};
  return limits.dump() + "\n" + result.dump() + "\n";
}

/// From now on claude says this with every answer.
inline void install_claude(Cli& cli, const ClaudeWindows& used, const std::string& toml = {}) {
  cli.write(cli.file("claude.output"), claude_output(used));
  cli.backend("claude", {"--play", cli.file("claude.output")}, "kind = \"claude\"\n" + toml);
}

}  // namespace delegate::test
