#include "cli/args/other_words.hpp"

#include <algorithm>
#include <iterator>

namespace delegate::cli {
namespace {

constexpr std::string_view kAsk = "did you mean `delegate ask \"...\"`?";
constexpr std::string_view kContinue =
    "`delegate ask --continue \"...\"` continues the latest session of this directory";
constexpr std::string_view kModels =
    "`delegate backends` lists the backends; `delegate ask -b NAME -m MODEL` and `--tier` select a model";
constexpr std::string_view kHistory = "`delegate runs` lists past runs";
constexpr std::string_view kSignIn =
    "sign in with the CLI itself (`claude`, `codex login`, `gemini`), then `delegate ping`";
constexpr std::string_view kUpdate = "update it with what it was installed with";
constexpr std::string_view kVersion = "`delegate --version`";
constexpr std::string_view kEditConfig =
    "edit the file that `delegate config path` names; then `delegate config check`";

struct OtherWords {
  std::string_view words;
  std::string_view hint;
};
constexpr OtherWords kOtherWords[] = {
    {"-V", kVersion},
    {"agent", kAsk},
    {"auth", kSignIn},
    {"chat", kContinue},
    {"check", "did you mean `delegate doctor`, or `delegate config check`?"},
    {"config edit", kEditConfig},
    {"config get", "`delegate config show` prints every setting"},
    {"config list", "did you mean `delegate config show`?"},
    {"config set", kEditConfig},
    {"configure", "did you mean `delegate config init`?"},
    {"continue", kContinue},
    {"diagnose", "did you mean `delegate doctor`?"},
    {"exec", kAsk},
    {"history", kHistory},
    {"init", "did you mean `delegate config init`, or `delegate setup`?"},
    {"install", "did you mean `delegate setup`?"},
    {"jobs", kHistory},
    {"kill", "did you mean `delegate cancel`?"},
    {"list", "did you mean `delegate runs`, or `delegate backends`?"},
    {"log", kHistory},
    {"login", kSignIn},
    {"logout", "sign out with the CLI itself: delegate keeps no login"},
    {"logs", kHistory},
    {"ls", "did you mean `delegate runs`, or `delegate backends`?"},
    {"model", kModels},
    {"models", kModels},
    {"prompt", kAsk},
    {"providers", "did you mean `delegate backends`?"},
    {"ps", "did you mean `delegate runs`, or `delegate status`?"},
    {"query", kAsk},
    {"resume", kContinue},
    {"run", kAsk},
    {"self-update", kUpdate},
    {"serve", "did you mean `delegate mcp`?"},
    {"server", "did you mean `delegate mcp`?"},
    {"sessions", kHistory},
    {"show", "did you mean `delegate status`, or `delegate runs ID`?"},
    {"signin", kSignIn},
    {"stop", "did you mean `delegate cancel`?"},
    {"uninstall", "did you mean `delegate setup --undo`?"},
    {"update", kUpdate},
    {"upgrade", kUpdate},
    {"usage", "did you mean `delegate quota`?"},
    {"version", kVersion},
};
static_assert(std::is_sorted(std::begin(kOtherWords), std::end(kOtherWords),
                             [](const OtherWords& a, const OtherWords& b) { return a.words < b.words; }));

}  // namespace

std::string_view instead_of(std::string_view words) {
  const auto* const found = std::find_if(std::begin(kOtherWords), std::end(kOtherWords),
                                         [&](const OtherWords& other) { return other.words == words; });
  return found == std::end(kOtherWords) ? std::string_view() : found->hint;
}

}  // namespace delegate::cli
