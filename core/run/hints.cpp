#include "core/run/hints.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "core/base/duration.hpp"
#include "core/base/redact.hpp"
#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLongestFact = 120;

constexpr std::string_view kSkipped =
    "`delegate ask` without -b uses the others; `delegate breaker reset {name}` tries it again now";
constexpr std::string_view kTooLate = "give the run more time with --timeout or router.timeout";

// The first row of an outcome whose placeholders all have a value is said; see Hint for the placeholders.
// clang-format off
constexpr Hint kHints[] = {
    {Outcome::lost_result,       "ask again; if it stays so, `delegate ping {name}` tells whether it works at all"},
    {Outcome::not_installed,     "put `{command}` on the PATH, or set backends.{name}.command"},
    {Outcome::not_installed,     "see `delegate backends`"},
    {Outcome::spawn_failed,      "check backends.{name}.command, which is `{command}`"},
    {Outcome::spawn_failed,      "see `delegate backends --check`"},
    {Outcome::resources,         "end some programs, or raise this shell's limits (`ulimit -a`); then ask again"},
    {Outcome::unreachable,       "see whether this machine is online, and whether a proxy is in the way"},
    {Outcome::connect_timeout,   "see whether this machine is online, and whether a proxy is in the way"},
    {Outcome::timed_out,         "raise backends.{name}.{limit} if it needs longer"},
    {Outcome::timed_out,         "raise backends.{name}.timeout if it needs longer"},
    {Outcome::timed_out_active,  "raise backends.{name}.{limit} if it needs longer"},
    {Outcome::timed_out_active,  "raise backends.{name}.timeout if it needs longer"},
    {Outcome::deadline_passed,   kTooLate},
    {Outcome::idle_timed_out,    "see whether `{command}` works by hand; else raise backends.{name}.{limit}"},
    {Outcome::idle_timed_out,    "raise backends.{name}.first_output_timeout or backends.{name}.idle_timeout"},
    {Outcome::stalled_tool,      "see what that tool waits for; raise backends.{name}.idle_timeout if it only needs longer"},
    {Outcome::exited_nonzero,    "run `{command}` by hand to see what is wrong with it"},
    {Outcome::exited_nonzero,    "see `delegate ping {name}`"},
    {Outcome::killed_by_signal,  "see `dmesg` for the kernel's out-of-memory killer"},
    {Outcome::unauthenticated,   "sign in with `{login} {command}`"},
    {Outcome::unauthenticated,   "sign in with `{command}`, or name the variable with its key in backends.{name}.env.keep"},
    {Outcome::unauthenticated,   "give it its key"},
    {Outcome::quota_exhausted,   "wait {wait}, or ask another one with -b"},
    {Outcome::quota_exhausted,   "wait until its limit is renewed, or ask another one with -b"},
    {Outcome::rate_limited,      "wait {wait}; fewer calls at a time: lower backends.{name}.max_parallel"},
    {Outcome::rate_limited,      "wait a minute; fewer calls at a time: lower backends.{name}.max_parallel"},
    {Outcome::overloaded,        "ask again in a few minutes, or another one with -b"},
    {Outcome::loading,           "raise backends.{name}.{limit} if its model needs longer to load, or choose a smaller one"},
    {Outcome::loading,           "ask again when it has loaded its model"},
    {Outcome::server_error,      "the fault is the server's: ask again in a few minutes, or another one with -b"},
    {Outcome::model_rejected,    "choose another with --model, or change backends.{name}.model"},
    {Outcome::bad_request,       "session {session} may be gone, or of another directory: ask without --session"},
    {Outcome::bad_request,       "see `delegate backends --check`: its version may not understand what is asked of it"},
    {Outcome::context_too_long,  "shorten the prompt, or choose a model with a larger window with --model"},
    {Outcome::cut_short,         "ask for less at a time: its model may write no longer answer than that"},
    {Outcome::refused_by_policy, "word it another way, or ask another one with -b"},
    {Outcome::bad_output,        "see `delegate backends --check`: its version may speak another way than delegate reads"},
    {Outcome::dropped,           "the connection broke: see whether this machine is online, then ask again"},
    {Outcome::send_failed,       "the connection broke: see whether this machine is online, then ask again"},
    {Outcome::collateral_drop,   "the connection broke: see whether this machine is online, then ask again"},
    {Outcome::pipe_closed,       "run `{command}` by hand to see why it ends at once"},
    {Outcome::pipe_closed,       "ask again"},
    {Outcome::no_slot,           "wait until one of its calls has ended, or raise backends.{name}.max_parallel"},
    {Outcome::breaker_open,      kSkipped},
    {Outcome::blocked,           "see what forbids it: it is a rule of `{command}` or of this directory"},
    {Outcome::blocked,           "see what forbids it: it is a rule of the server or of this directory"},
    {Outcome::internal,          "this is a fault of delegate: please report it with the message above"},
};
// clang-format on

constexpr std::string_view kNobodyHere =
    "see `delegate backends`; install claude, codex or gemini, or start a local model with `ollama serve`";
constexpr std::string_view kNobodyFree = "wait until a call has ended, or raise backends.NAME.max_parallel";
constexpr std::string_view kNobodyTrusted = "wait, or try one again now with `delegate breaker reset NAME`";
constexpr std::string_view kDisabled = "set backends.{name}.enabled = true";
constexpr std::string_view kUnset = "set {variable} here, or change backends.{name}.logins";
constexpr std::string_view kNobodySet = "set the variables that the logins name; `delegate backends` lists them";
constexpr std::string_view kBrokenAnswer = "ask again; with --no-stream the next backend takes over in such a case";
constexpr std::string_view kSecretArgument =
    "hand it over in a file or a variable: backends.NAME.env.keep names those that the child may see";
constexpr std::string_view kNotReadable =
    "{tool} was refused: it reads this directory alone; -f hands over other files";
constexpr std::string_view kReadOnly = "{tool} was refused: only reading is allowed; with --write it may change files";
constexpr std::string_view kRefused = "{tool} was refused";

struct Fact {
  std::string_view placeholder;
  std::string value;  // as it is shown
};
using Facts = std::span<const Fact>;

std::string shown(std::string_view value) { return one_line(value, kLongestFact); }

/// For a person who pastes the hint into a shell: one word there, whatever stands in it.
std::string shell_word(const std::string& value) {
  constexpr std::string_view kPlain = "@%+=:,./-_";
  const auto is_plain = [&](unsigned char c) { return std::isalnum(c) != 0 || kPlain.find(char(c)) != kPlain.npos; };
  if (std::all_of(value.begin(), value.end(), is_plain)) return value;
  std::string out = "'";
  for (const char c : value) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Nothing when a placeholder has no value.
std::optional<std::string> filled(std::string_view text, Facts facts) {
  std::string out;
  for (;;) {
    const std::size_t begin = text.find('{');
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = text.find('}', begin);
    const std::string_view placeholder = text.substr(begin + 1, end - begin - 1);
    const auto fact =
        std::find_if(facts.begin(), facts.end(), [&](const Fact& one) { return one.placeholder == placeholder; });
    if (fact == facts.end() || fact->value.empty()) return std::nullopt;
    out += fact->value;
    text.remove_prefix(end + 1);
  }
}

bool is_kept_away(const Task& task, std::string_view variable) {
  const auto& kept = task.settings.env_keep;
  return task.environment.contains(std::string(variable)) && !task.login.contains(std::string(variable)) &&
         std::find(kept.begin(), kept.end(), variable) == kept.end();
}

/// For a shell's line, what a login sets: `CLAUDE_CONFIG_DIR=/home/you/.claude-work`. Secrets stay out of it.
std::string assignments_of(const Environment& login) {
  std::string text;
  for (const auto& [name, value] : login)
    if (!is_secret_name(name)) text += (text.empty() ? "" : " ") + name + "=" + shell_word(shown(value));
  return text;
}

std::optional<std::string> said_in(std::span<const Hint> table, Outcome outcome, const Task& task, Facts facts) {
  for (const Hint& row : table) {
    if (row.outcome != outcome) continue;
    if (!row.unseen_key.empty() && !is_kept_away(task, row.unseen_key)) continue;
    if (auto text = filled(row.text, facts)) return text;
  }
  return std::nullopt;
}

}  // namespace

std::string hint_for(const Backend& backend, const Task& task, const Failure& failure) {
  if (!failure.hint.empty()) return failure.hint;
  const BackendSettings& settings = task.settings;
  const bool runs = backend.is_process() && !settings.command.empty();
  const std::string command = runs ? settings.command.front() : std::string();
  const std::array<Fact, 7> facts{
      Fact{"name", settings.name},
      Fact{"login", assignments_of(task.login)},
      Fact{"command", shell_word(shown(command))},
      Fact{"model", shown(task.model)},
      Fact{"session", shown(task.session)},
      Fact{"limit", std::string(failure.limit)},
      Fact{"wait", failure.retry_after > milliseconds(0) ? format_wait(*failure.retry_after) : std::string()}};
  if (auto own = said_in(backend.hints(), failure.outcome, task, facts)) return *std::move(own);
  return said_in(kHints, failure.outcome, task, facts).value_or(std::string());
}

std::string hint_for(const Backend& backend, const Task& task, const Skip& skip) {
  switch (skip.reason) {
    case SkipReason::disabled: return filled(kDisabled, std::array{Fact{"name", skip.backend}}).value_or(std::string());
    case SkipReason::not_installed: return hint_for(backend, task, Failure{.outcome = Outcome::not_installed});
    case SkipReason::no_slot: return hint_for(backend, task, Failure{.outcome = Outcome::no_slot});
    case SkipReason::login_unset:
      return filled(kUnset, std::array{Fact{"name", task.settings.name}, Fact{"variable", skip.variable}})
          .value_or(std::string());
    case SkipReason::breaker_open:
    case SkipReason::probe_running:
    case SkipReason::tripped_manually: break;
  }
  return filled(kSkipped, std::array{Fact{"name", skip.backend}}).value_or(std::string());
}

std::string_view hint_for_no_backend(Outcome outcome) {
  if (outcome == Outcome::not_installed) return kNobodyHere;
  if (outcome == Outcome::deadline_passed) return kTooLate;
  if (outcome == Outcome::unauthenticated) return kNobodySet;
  return outcome == Outcome::no_slot ? kNobodyFree : kNobodyTrusted;
}

std::string hint_for_denied(std::string_view tool, Access access) {
  constexpr std::array<std::string_view, 3> kReaders{"Read", "Grep", "Glob"};
  const bool reads = std::find(kReaders.begin(), kReaders.end(), tool) != kReaders.end();
  const std::string_view text = reads ? kNotReadable : access == Access::read_only ? kReadOnly : kRefused;
  return filled(text, std::array{Fact{"tool", shown(tool)}}).value_or(std::string());
}

std::string_view hint_for_secret_argument() { return kSecretArgument; }

std::string_view hint_for_broken_answer() { return kBrokenAnswer; }

}  // namespace delegate
