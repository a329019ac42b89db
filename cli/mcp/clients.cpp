#include "cli/mcp/clients.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace delegate::cli::server {
namespace {

using namespace std::chrono_literals;

struct Row {
  std::string_view beginning;  // of the name in the client's `clientInfo`
  ClientHabits habits;
};

// As observed in November 2026. Many clients give a call 60 s; what is not listed is taken for one of those.
constexpr ClientHabits kUnknown{45s, 45'000};
constexpr std::array kRows{
    Row{"claude-code", {110s, 45'000}},  // calls of more than two minutes are taken out of the model's sight
    Row{"codex", {270s, 10'000}},        // 300 s; its model sees about 12 kB
    Row{"gemini-cli", {270s, 38'000}},   // 600 s, and 40,000 characters; nobody watches for so long
    Row{"Visual Studio Code", {270s, 45'000}},
    Row{"goose", {270s, 45'000}},
};

constexpr std::chrono::milliseconds kSpare{5'000};  // of a client's own limit, for the way

}  // namespace

ClientHabits habits_of(const std::string& client) {
  for (const Row& row : kRows)
    if (client.starts_with(row.beginning)) return row.habits;
  return kUnknown;
}

std::chrono::milliseconds patience_of(const std::string& client, std::optional<std::chrono::milliseconds> stated) {
  if (!stated) return habits_of(client).patience;
  return std::max(*stated - kSpare, *stated / 2);
}

}  // namespace delegate::cli::server
