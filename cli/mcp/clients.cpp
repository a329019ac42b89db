#include "cli/mcp/clients.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace delegate::cli::server {
namespace {

using namespace std::chrono_literals;

struct Row {
  std::string_view prefix;  // of the name in the client's `clientInfo`
  ClientHabits habits;
};

// As observed in November 2026. Many clients have a timeout of 60 s; those not listed are taken for one of them.
constexpr ClientHabits kUnknown{45s, 40'000};
constexpr std::array kRows{
    // After two minutes it hides a call from its model. Shows 50,000 characters, newer versions 200,000 of our tools.
    Row{"claude-code", {110s, 45'000}},
    // Timeout 300 s. Shows 48,000 bytes, with a line of its own; 12,000 if it does not know the model.
    Row{"codex", {270s, 10'000}},
    // Timeout 600 s, longer than a person waits. Shows 40,000 UTF-16 units, with its marks around them.
    Row{"gemini-cli", {270s, 38'000}},
    // Progress extends its timeout. Shows 51,200 bytes, but at most 2,000 lines: enough for those of four characters.
    Row{"opencode", {270s, 10'000}},
    Row{"Visual Studio Code", {270s, 40'000}},
    Row{"goose", {270s, 40'000}},
};

constexpr std::chrono::milliseconds kMargin{5'000};  // to the client's own timeout

}  // namespace

ClientHabits habits_of(const std::string& client) {
  for (const Row& row : kRows)
    if (client.starts_with(row.prefix)) return row.habits;
  return kUnknown;
}

std::chrono::milliseconds patience_of(const std::string& client, std::optional<std::chrono::milliseconds> stated) {
  if (!stated) return habits_of(client).patience;
  return std::max(*stated - kMargin, *stated / 2);
}

}  // namespace delegate::cli::server
