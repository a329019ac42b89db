#include "core/run/hints.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "core/base/duration.hpp"
#include "core/base/environment.hpp"
#include "core/base/redact.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/os/local_port.hpp"
#include "core/run/breakers.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLongestFact = 120;

constexpr std::string_view kSkipped =
    "`delegate ask` without -b uses the other backends; `delegate breaker reset {name}` tries this one again now";
constexpr std::string_view kOtherWriter = "wait until it ends: `ask --wait-slot` and `submit` do";
constexpr std::string_view kNoneWrites =
    "claude, codex and gemini can; a backend of the kind command can if its `can` has write_files";
constexpr std::string_view kTooLate = "give the run more time with --timeout or router.timeout";

// For notifications.
constexpr std::string_view kNothing = "Nothing to do.";
constexpr std::string_view kOnline = "Check the network connection.";
constexpr std::string_view kPing = "Run delegate ping {name} to see what is wrong.";
constexpr std::string_view kVersion = "Run delegate backends --check: delegate may not support its version.";

// Used is the first row of an outcome whose placeholders all have a value; see Hint for the placeholders.
// clang-format off
constexpr Hint kHints[] = {
    {Outcome::lost_result,       "ask again; if it keeps failing, check the backend with `delegate ping {name}`",
     kPing},
    {Outcome::not_installed,     "put `{command}` on the PATH, or set backends.{name}.command",
     "Put {command} on the PATH."},
    {Outcome::not_installed,     "see `delegate backends`"},
    {Outcome::spawn_failed,      "check backends.{name}.command, which is `{command}`",
     "Check backends.{name}.command."},
    {Outcome::spawn_failed,      "see `delegate backends --check`"},
    {Outcome::resources,         "free disk space or memory, end some programs, or make HOME writable; `ulimit -a` shows limits",
     "Free disk space or memory."},
    {Outcome::unreachable,       "check the network connection and the proxy settings of this machine",
     kOnline},
    {Outcome::connect_timeout,   "check the network connection and the proxy settings of this machine",
     kOnline},
    {Outcome::timed_out,         "raise backends.{name}.{limit} if it needs longer"},
    {Outcome::timed_out,         "raise backends.{name}.timeout if it needs longer"},
    {Outcome::timed_out_active,  "raise backends.{name}.{limit} if it needs longer"},
    {Outcome::timed_out_active,  "raise backends.{name}.timeout if it needs longer"},
    {Outcome::deadline_passed,   kTooLate},
    {Outcome::idle_timed_out,    "run `{command}` to see whether it works; if it does, raise backends.{name}.{limit}"},
    {Outcome::idle_timed_out,    "raise backends.{name}.first_output_timeout or backends.{name}.idle_timeout",
     kPing},
    {Outcome::stalled_tool,      "see what that tool waits for, or raise backends.{name}.idle_timeout if it needs longer",
     "See what its tool waits for."},
    {Outcome::exited_nonzero,    "run `{command}` to see what is wrong with it"},
    {Outcome::exited_nonzero,    "see `delegate ping {name}`",
     kPing},
    {Outcome::killed_by_signal,  "see `dmesg` for the kernel's out-of-memory killer"},
    {Outcome::unauthenticated,   "sign in with `{login} {command}`",
     kLoginNotice},
    {Outcome::unauthenticated,   "sign in with `{command}`, or add the variable with its key to backends.{name}.env.keep",
     "Run {command} and sign in again."},
    {Outcome::unauthenticated,   "set its API key"},
    {Outcome::quota_exhausted,   "wait {wait}, or choose another backend with -b"},
    {Outcome::quota_exhausted,   "wait until its limit is renewed, or choose another backend with -b",
     kNothing},
    {Outcome::rate_limited,      "wait {wait}; for fewer calls at a time, lower backends.{name}.max_parallel"},
    {Outcome::rate_limited,      "wait a minute; for fewer calls at a time, lower backends.{name}.max_parallel",
     kNothing},
    {Outcome::overloaded,        "ask again in a few minutes, or choose another backend with -b",
     kNothing},
    {Outcome::loading,           "raise backends.{name}.{limit} if its model needs longer to load, or choose a smaller one"},
    {Outcome::loading,           "ask again once it has loaded its model",
     kNothing},
    {Outcome::server_error,      "the server failed: ask again in a few minutes, or choose another backend with -b",
     kNothing},
    {Outcome::model_rejected,    "choose another model with --model, or change backends.{name}.model",
     "Change backends.{name}.model."},
    {Outcome::bad_request,       "session {session} may have expired or belong to another directory: ask without --session"},
    {Outcome::bad_request,       "run `delegate backends --check`: this version may not support what the request needs",
     kVersion},
    {Outcome::context_too_long,  "shorten the prompt, or choose a model with a larger window with --model"},
    {Outcome::cut_short,         "ask for less at a time: the answer reached the model's length limit"},
    {Outcome::refused_by_policy, "rephrase the prompt, or choose another backend with -b"},
    {Outcome::bad_output,        "run `delegate backends --check`: delegate may not support the output of this version",
     kVersion},
    {Outcome::dropped,           "the connection was lost: check that this machine is online, then ask again",
     kOnline},
    {Outcome::send_failed,       "the connection was lost: check that this machine is online, then ask again",
     kOnline},
    {Outcome::collateral_drop,   "the connection was lost: check that this machine is online, then ask again",
     kOnline},
    {Outcome::pipe_closed,       "run `{command}` to see why it exits at once"},
    {Outcome::pipe_closed,       "ask again"},
    {Outcome::no_slot,           "wait until one of its calls has ended (`ask --wait-slot`), or raise backends.{name}.max_parallel",
     kNothing},
    {Outcome::breaker_open,      kSkipped,
     kNothing},
    {Outcome::directory_in_use,  kOtherWriter,
     kNothing},
    {Outcome::cannot_write,      kNoneWrites},
    {Outcome::blocked,           "find the rule of `{command}` or of this directory that forbids it"},
    {Outcome::blocked,           "find the rule of the server or of this directory that forbids it"},
    {Outcome::internal,          "this is a bug in delegate: please report it with the message above"},
};
// clang-format on

constexpr std::string_view kNoneInstalled =
    "see `delegate backends`; install claude, codex or gemini, or start a local model with `ollama serve`";
constexpr std::string_view kNoneFree = "wait until a call has ended, or raise backends.NAME.max_parallel";
constexpr std::string_view kNoneAdmitted = "wait, or try one again now with `delegate breaker reset NAME`";
constexpr std::string_view kDisabled = "set backends.{name}.enabled = true";
constexpr std::string_view kUnset = "set {variable} here, or change backends.{name}.logins";
constexpr std::string_view kNoneSet = "set the variables that the logins need; `delegate backends` lists them";
constexpr std::string_view kReserved =
    "`delegate ask -b {name}` asks it all the same; router.reserve_is = \"soft\" uses it once no other is left";
constexpr std::string_view kAllReserved =
    "`delegate ask -b NAME` asks one all the same; router.reserve_is = \"soft\" uses it once no other is left";
constexpr std::string_view kAvoided = "wait, or set backends.{name}.overage = \"warn\" to use it all the same";
constexpr std::string_view kAllExtraBilling = "wait, or set backends.NAME.overage = \"warn\" to use one all the same";
constexpr std::string_view kBudget = "wait, or raise the budget: `delegate quota` shows all of them";
constexpr std::string_view kBrokenAnswer = "ask again; with --no-stream the next backend takes over when this happens";
constexpr std::string_view kHalfChange =
    "look at the changes; with --continue-writing the next backend goes on from there, and gets a list of them";
constexpr std::string_view kSecretArgument =
    "pass it in a file or a variable: backends.NAME.env.keep lists the variables that the child may see";
constexpr std::string_view kNotReadable =
    "{tool} was refused: only this directory may be read; pass other files with -f";
constexpr std::string_view kReadOnly = "{tool} was refused: only reading is allowed; --write allows changes";
constexpr std::string_view kRefused = "{tool} was refused";

struct Fact {
  std::string_view placeholder;
  std::string value;  // as displayed
};
using Facts = std::span<const Fact>;

std::string shown(std::string_view value) { return one_line(value, kLongestFact); }

/// Nothing if a placeholder has no value.
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

constexpr std::size_t kMostKeys = 3;  // named in one hint

/// `CODEX_API_KEY` has the words CODEX, API and KEY: a key is of the same vendor if it shares the first word.
bool is_of_kind(const Backend& backend, const Task& task, std::string_view key) {
  const std::vector<std::string> own = backend.login_traces(task).variables;
  const std::string words = "_" + std::string(key) + "_";
  return own.empty() || std::any_of(own.begin(), own.end(), [&](const std::string& variable) {
           return words.find("_" + variable.substr(0, variable.find('_')) + "_") != std::string::npos;
         });
}

struct MissedKeys {
  std::vector<std::string> names;
  bool is_certain = false;  // the failure names them, or they belong to another server: to sign in would not help
};

/// The address of another server, which the child does see: `ANTHROPIC_BASE_URL` for `ANTHROPIC_AUTH_TOKEN`.
std::string address_for(const Task& task, std::string_view key) {
  const std::string_view vendor = key.substr(0, key.find('_') + 1);
  for (const auto& [name, value] : task.environment) {
    const bool is_address = name.ends_with("_BASE_URL") || name.ends_with("_API_BASE") || name.ends_with("_ENDPOINT");
    if (is_address && !value.empty() && name.starts_with(vendor)) return name;
  }
  return {};
}

/// A program that misses a key may say so in any words, but it does not time out or reach a limit.
bool may_miss_a_key(Outcome outcome) {
  constexpr std::array<Outcome, 5> kFitting{Outcome::unauthenticated, Outcome::bad_request, Outcome::exited_nonzero,
                                            Outcome::lost_result, Outcome::spawn_failed};
  return std::find(kFitting.begin(), kFitting.end(), outcome) != kFitting.end();
}

/// OPENAI_API_KEY is not named by AZURE_OPENAI_API_KEY.
bool names_variable(std::string_view text, std::string_view name) {
  const auto continues = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || !continues(text[at - 1])) && (end == text.size() || !continues(text[end]))) return true;
  }
  return false;
}

/// The keys whose absence explains the failure: those that it names, or those of its vendor if it is about a sign-in.
MissedKeys missed_keys(const Backend& backend, const Task& task, const Failure& failure) {
  if (!may_miss_a_key(failure.outcome)) return {};
  std::vector<std::string> keys = backend.withheld(task);
  MissedKeys missed;
  for (const std::string& key : keys)
    if (names_variable(failure.message, key) || names_variable(failure.last_lines, key)) missed.names.push_back(key);
  missed.is_certain = !missed.names.empty();
  if (missed.is_certain || failure.outcome != Outcome::unauthenticated || !failure.hint.empty()) return missed;
  std::erase_if(keys, [&](const std::string& key) { return !is_of_kind(backend, task, key); });
  if (keys.size() > kMostKeys) keys.resize(kMostKeys);
  const auto addressed =
      std::find_if(keys.begin(), keys.end(), [&](const std::string& key) { return !address_for(task, key).empty(); });
  missed.is_certain = addressed != keys.end();
  if (missed.is_certain) std::rotate(keys.begin(), addressed, addressed + 1);  // it is named first
  missed.names = std::move(keys);
  return missed;
}

/// "X_API_KEY is set but kept from it: to use it, set backends.codex.env.keep = […]"; empty: no key explains it.
std::string words_about(const MissedKeys& missed, const Task& task) {
  if (missed.names.empty()) return {};
  const bool is_one = missed.names.size() == 1;
  std::string text = join(missed.names, " and ") + (is_one ? " is" : " are") + " set but kept from it";
  if (const std::string address = address_for(task, missed.names.front()); !address.empty())
    text += " (it sees " + address + ")";
  const std::string settings = "backends." + candidate_name(task.settings.name).backend;
  if (!task.login.empty()) {  // a key that all logins see would make them the same account: env.keep does not apply
    const std::string assignment = missed.names.front() + " = \"$" + missed.names.front() + "\"";
    return text + ": to use it, add " + assignment + " to the env of this login in " + settings +
           ".logins; env.keep is only for a backend without logins";
  }
  std::vector<std::string> kept = task.settings.env_keep;
  kept.insert(kept.end(), missed.names.begin(), missed.names.end());
  return text + ": to use " + (is_one ? "it" : "them") + ", set " + settings + ".env.keep = [\"" +
         join(kept, "\", \"") + "\"]";
}

/// What a login sets, for a shell command: `CLAUDE_CONFIG_DIR=/home/you/.claude-work`. Without secrets.
std::string assignments_of(const Environment& login) {
  std::string text;
  for (const auto& [name, value] : login)
    if (!is_secret_name(name)) text += (text.empty() ? "" : " ") + name + "=" + shell_word(shown(value));
  return text;
}

std::optional<std::string> find_hint(std::span<const Hint> table, Outcome outcome, Facts facts) {
  for (const Hint& row : table) {
    if (row.outcome != outcome) continue;
    if (auto text = filled(row.text, facts)) return text;
  }
  return std::nullopt;
}

/// "run `codex` to see …" -> "Run codex to see ….".
std::string sentence_of(std::string text) {
  std::erase(text, '`');
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text.empty() || text.ends_with('.') ? text : text + ".";
}

/// The row that a hint for stderr would come from, in the words of a notification.
std::optional<std::string> find_notice(std::span<const Hint> table, Outcome outcome, Facts facts) {
  for (const Hint& row : table) {
    if (row.outcome != outcome || !filled(row.text, facts)) continue;
    const auto notice = row.notice.empty() ? std::nullopt : filled(row.notice, facts);
    return notice ? *notice : sentence_of(filled(row.text, facts).value_or(""));
  }
  return std::nullopt;
}

std::string advice_on(const Backend& backend, const Task& task, const Failure& failure) {
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
  const MissedKeys missed = missed_keys(backend, task, failure);
  std::string withheld = words_about(missed, task);
  if (missed.is_certain) return withheld;
  if (!failure.hint.empty()) return filled(failure.hint, facts).value_or(failure.hint);
  // Of a rejection that is not recognised, no cause is likelier than another; without a session at least.
  if (failure.outcome == Outcome::bad_request && !failure.is_recognised && task.session.empty()) return withheld;
  const std::string& key = settings.api_key_env;
  if (failure.outcome == Outcome::unauthenticated && !key.empty() && trim(variable_in(task.environment, key)).empty())
    return key + " is not set: it is to hold the key of " + settings.name;
  auto own = find_hint(backend.hints(), failure.outcome, facts);
  if (!own) own = find_hint(kHints, failure.outcome, facts);
  return own.value_or(std::string()) + (withheld.empty() ? "" : "; " + withheld);
}

/// A key that a file without trust sets is to be changed there: in the person's own file it would do nothing.
std::string with_files(std::string text, const UntrustedChanges& changed) {
  for (const std::string& key : changed.keys)
    if (const std::size_t at = text.find(key); at != std::string::npos)
      text.insert(at + key.size(), " in " + changed.file);
  return text;
}

/// A server on this machine, which this person can start. Its address may be set by a variable: OLLAMA_HOST.
bool is_own_server(const Backend* backend, const Task& task) {
  if (backend == nullptr || backend->is_process()) return false;
  const std::string url = backend->endpoint(task);
  const std::size_t scheme = url.find("://");
  std::string host = url.substr(scheme == std::string::npos ? 0 : scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  host = host.substr(host.rfind('@') + 1);
  const std::size_t port = host.rfind(':');
  if (port != std::string::npos && host.find(']', port) == std::string::npos) host.resize(port);
  return is_local_host(host);
}

}  // namespace

std::string hint_for(const Backend& backend, const Task& task, const Failure& failure) {
  return with_files(advice_on(backend, task, failure), task.settings.changed_by);
}

std::string_view notice_title_for(const Backend* backend, const Task& task, std::string_view outcome_name) {
  const auto outcome = outcome_named(outcome_name);
  return outcome && is_unreachable(*outcome) && is_own_server(backend, task) ? "not running" : title_for(outcome_name);
}

std::string why_not_counted(const UntrustedChanges& changed, Outcome outcome, Verdict verdict) {
  const bool would_count = verdict != Verdict::success && verdict != Verdict::neutral;
  if (!would_count || is_believed(changed.distrust, outcome)) return {};
  return "this failure does not open the breaker: " + changed.file + " is not trusted and sets " +
         join(changed.keys, ", ");
}

std::string hint_for(const Backend& backend, const Task& task, const Skip& skip) {
  switch (skip.reason) {
    case SkipReason::disabled: return filled(kDisabled, std::array{Fact{"name", skip.backend}}).value_or(std::string());
    case SkipReason::not_installed: return hint_for(backend, task, Failure{.outcome = Outcome::not_installed});
    case SkipReason::cannot_write: return hint_for(backend, task, Failure{.outcome = Outcome::cannot_write});
    case SkipReason::no_slot: return hint_for(backend, task, Failure{.outcome = Outcome::no_slot});
    case SkipReason::login_unset:
      return filled(kUnset, std::array{Fact{"name", task.settings.name}, Fact{"variable", skip.variable}})
          .value_or(std::string());
    case SkipReason::state_unusable: return "`delegate doctor` says what is wrong with the state";
    case SkipReason::state_locked: return "wait for that process, or end it: `delegate doctor` looks at the state";
    case SkipReason::reserved: return filled(kReserved, std::array{Fact{"name", skip.backend}}).value_or(std::string());
    case SkipReason::extra_billing:
      return filled(kAvoided, std::array{Fact{"name", task.settings.name}}).value_or(std::string());
    case SkipReason::budget_exhausted: return std::string(kBudget);
    case SkipReason::breaker_open:
    case SkipReason::probe_running:
    case SkipReason::tripped_manually: break;
  }
  return filled(kSkipped, std::array{Fact{"name", skip.backend}}).value_or(std::string());
}

std::string notice_for(const Backend* backend, const Task& task, std::string_view outcome_name) {
  const BackendSettings& settings = task.settings;
  const std::string login = candidate_name(settings.name).login;
  const bool is_process = backend != nullptr && backend->is_process();
  // A command of this person's may begin with an interpreter, and a login's program would use another account.
  const bool names_program = is_process && backend->kind() != "command" && login.empty() && !settings.command.empty();
  const std::string command = names_program ? settings.command.front() : std::string();
  const std::array<Fact, 4> facts{Fact{"name", settings.name}, Fact{"login", login},
                                  Fact{"command", shown(command.substr(command.rfind('/') + 1))},
                                  Fact{"model", shown(settings.model)}};
  const Outcome outcome = outcome_name == kRejectsRequests ? Outcome::bad_request
                                                           : outcome_named(outcome_name).value_or(Outcome::lost_result);
  const bool is_elsewhere = !is_process && is_unreachable(outcome) && !is_own_server(backend, task);
  std::optional<std::string> own;
  if (backend != nullptr && !is_elsewhere) own = find_notice(backend->hints(), outcome, facts);
  const bool is_sign_in = is_process && outcome == Outcome::unauthenticated;
  if (!own && (names_program || !is_sign_in)) own = find_notice(kHints, outcome, facts);
  return own.value_or(filled(kPing, facts).value_or(std::string()));
}

std::string_view hint_for_no_backend(Outcome outcome) {
  if (outcome == Outcome::not_installed) return kNoneInstalled;
  if (outcome == Outcome::deadline_passed) return kTooLate;
  if (outcome == Outcome::cannot_write) return kNoneWrites;
  if (outcome == Outcome::unauthenticated) return kNoneSet;
  if (outcome == Outcome::reserved) return kAllReserved;
  if (outcome == Outcome::extra_billing) return kAllExtraBilling;
  if (outcome == Outcome::budget_exhausted) return kBudget;
  return outcome == Outcome::no_slot ? kNoneFree : kNoneAdmitted;
}

std::string hint_for_denied(std::string_view tool, Access access) {
  constexpr std::array<std::string_view, 3> kReaders{"Read", "Grep", "Glob"};
  const bool reads = std::find(kReaders.begin(), kReaders.end(), tool) != kReaders.end();
  const std::string_view text = reads ? kNotReadable : access == Access::read_only ? kReadOnly : kRefused;
  return filled(text, std::array{Fact{"tool", shown(tool)}}).value_or(std::string());
}

std::string_view hint_for_secret_argument() { return kSecretArgument; }

std::string_view hint_for_broken_answer() { return kBrokenAnswer; }

std::string_view hint_for_half_change() { return kHalfChange; }

}  // namespace delegate
