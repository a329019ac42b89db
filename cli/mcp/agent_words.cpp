#include "cli/mcp/agent_words.hpp"

#include <algorithm>
#include <array>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli::server {
namespace {

using Seconds = std::chrono::seconds;

constexpr std::size_t kLongestDetail = 300;  // bytes of what a backend has said
constexpr std::size_t kMostNames = 5;

struct Advice {
  Outcome outcome;
  std::string_view text;
};

constexpr std::string_view kAgain = "Ask again; if it keeps failing, ask another backend.";
constexpr std::string_view kUser = "Only the user can fix this: report it to them.";
constexpr std::string_view kLonger = "Set a larger timeout_s, or ask for less at a time.";
constexpr std::string_view kOffline = "The user can check the network connection, or start the server.";

// clang-format off
constexpr std::array kAdvice{
    Advice{Outcome::answered,          {}},
    Advice{Outcome::answered_empty,    kAgain},
    Advice{Outcome::lost_result,       kAgain},
    Advice{Outcome::not_installed,     "Only the user can install it."},
    Advice{Outcome::spawn_failed,      kUser},
    Advice{Outcome::resources,         kUser},
    Advice{Outcome::unreachable,       kOffline},
    Advice{Outcome::connect_timeout,   kOffline},
    Advice{Outcome::timed_out,         kLonger},
    Advice{Outcome::timed_out_active,  kLonger},
    Advice{Outcome::deadline_passed,   kLonger},
    Advice{Outcome::idle_timed_out,    kAgain},
    Advice{Outcome::stalled_tool,      kAgain},
    Advice{Outcome::exited_nonzero,    kAgain},
    Advice{Outcome::killed_by_signal,  kAgain},
    Advice{Outcome::unauthenticated,   "Only the user can fix this: ask them to sign in to it again."},
    Advice{Outcome::quota_exhausted,   {}},
    Advice{Outcome::rate_limited,      {}},
    Advice{Outcome::overloaded,        "Ask again in a few minutes."},
    Advice{Outcome::loading,           "Ask again once it has loaded its model."},
    Advice{Outcome::server_error,      "Ask again in a few minutes."},
    Advice{Outcome::model_rejected,    "Leave model out, or name another one."},
    Advice{Outcome::bad_request,       kUser},
    Advice{Outcome::context_too_long,  "Shorten the prompt: name files below cwd instead of pasting them."},
    Advice{Outcome::cut_short,         "Ask for less at a time."},
    Advice{Outcome::refused_by_policy, "Rephrase the prompt."},
    Advice{Outcome::bad_output,        kUser},
    Advice{Outcome::dropped,           kAgain},
    Advice{Outcome::send_failed,       kAgain},
    Advice{Outcome::collateral_drop,   kAgain},
    Advice{Outcome::pipe_closed,       kUser},
    Advice{Outcome::no_slot,           "Ask again later, or with background=true, which waits for a free slot."},
    Advice{Outcome::breaker_open,      {}},
    Advice{Outcome::directory_in_use,  "Wait until the other run has ended, or ask with background=true, which waits for it."},
    Advice{Outcome::cannot_write,      "Ask a backend that can change files."},
    Advice{Outcome::reserved,          "The user keeps the rest of its quota for their own work: leave it to them."},
    Advice{Outcome::extra_billing,     "The user does not want to pay extra: leave it to them."},
    Advice{Outcome::budget_exhausted,  "The user has set this limit: leave it to them."},
    Advice{Outcome::cancelled,         {}},
    Advice{Outcome::blocked,           kUser},
    Advice{Outcome::internal,          kUser},
};
// clang-format on

constexpr bool has_a_row_for_each_outcome() {
  for (std::size_t i = 0; i < kAdvice.size(); ++i)
    if (static_cast<std::size_t>(kAdvice[i].outcome) != i) return false;
  return kAdvice.size() == static_cast<std::size_t>(Outcome::internal) + 1;
}
static_assert(has_a_row_for_each_outcome());

/// A sentence may end with what a person can do at a shell: "…; `delegate runs ID --diff` shows it", "…; pass other
/// files with -f".
std::string without_command(const std::string& text) {
  for (std::size_t at = text.find("; "); at != std::string::npos; at = text.find("; ", at + 1)) {
    const std::string_view rest = std::string_view(text).substr(at + 2);
    const std::string_view clause = rest.substr(0, rest.find("; "));
    for (const std::string_view sign : {"`delegate ", "--", " -f"})
      if (clause.find(sign) != std::string_view::npos) return text.substr(0, at);
  }
  return text;
}

/// "kept for you" was said to the user.
std::string for_the_user(const std::string& message) {
  constexpr std::string_view kToThem = "kept for you";
  if (!message.starts_with(kToThem)) return "kept for the user";
  return "kept for the user" + one_line(message.substr(kToThem.size()), kLongestDetail);
}

/// Of a skip, or of a run that found all candidates skipped for this.
bool is_held_back(const std::string& cause) {
  const auto reason = skip_reason_named(cause);
  return reason && delegate::is_held_back(*reason);
}

std::string detail(const std::string& text) { return one_line(without_command(text), kLongestDetail); }

/// "44 s", "1 h 6 min".
std::string wait_words(milliseconds time) {
  std::string text = format_wait(time);
  for (std::size_t at = text.find(" m"); at != std::string::npos; at = text.find(" m", at + 1))
    if (at + 2 == text.size() || text[at + 2] == ' ') text.insert(at + 2, "in");
  return text;
}

/// How to sign in, of a hint for a person: "run `claude` and sign in with /login". Nothing about keys and settings:
/// those are not for an agent to change.
std::string how_to_sign_in(const std::string& hint) {
  if (!hint.starts_with("run `") && !hint.starts_with("sign in with `")) return {};
  const std::string first = hint.substr(0, hint.find(", or "));
  return first.find("`delegate ") == std::string::npos ? first : std::string();
}

std::int64_t seconds_of(milliseconds time) { return std::chrono::ceil<Seconds>(time).count(); }

std::string list_of(const Json& names) {
  std::vector<std::string> shown;
  for (const Json& name : names)
    if (shown.size() < kMostNames && name.is_string()) shown.push_back(one_line(name.get<std::string>(), 100));
  const std::size_t more = names.size() - std::min(names.size(), shown.size());
  return join(shown, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

/// "signed out (401 …)", or only what there is of both.
std::string cause_with(const std::string& outcome, const std::string& message) {
  const std::string words(words_for(outcome));
  if (words.empty()) return detail(message);
  return words + (message.empty() ? "" : " (" + detail(message) + ")");
}

/// Of `delegate.ask/1`, as it is stored; anything may be missing.
class RunWords {
 public:
  RunWords(const RunRecord& run, const RunTimes& times)
      : run_(run), times_(times), json_(parse_object(run.json).value_or(Json::object())) {
    if (run.next.retry_at && *run.next.retry_at > times.now) retry_in_ = *run.next.retry_at - times.now;
  }

  AgentWords words() const {
    AgentWords out;
    if (run_.answer) {
      add_skips(out);
      add_attempts(out);
    } else {
      add_failure(out);
    }
    for (const Json& name : list("/still_probing")) out.notes.push_back(text_of(name) + " is slow and still running");
    for (const Json& attempt : list("/attempts")) {
      const std::string name = text_at(attempt, "/backend");
      const bool is_said = out.error.find(" is skipped for ") != std::string::npos;
      if (true_at(attempt, "/tripped") && !is_said) out.notes.push_back(name + " is skipped for a while from now on");
      if (true_at(attempt, "/recovered")) out.notes.push_back(name + " works again");
    }
    for (const Json& warning : list("/warnings")) out.notes.push_back(detail(text_of(warning)));
    add_changes(out);
    std::erase(out.notes, "");
    return out;
  }

 private:
  const Json& list(const char* path) const {
    static const Json kNone = Json::array();
    const Json& found = at(json_, path);
    return found.is_array() ? found : kNone;
  }

  std::string words_of(const Json& skip) const {
    const std::string name = text_at(skip, "/backend");
    const std::string reason = text_at(skip, "/reason");
    const std::string message = text_at(skip, "/message");
    // It was stored when the run ended, which may be long ago.
    const milliseconds wait =
        milliseconds(integer_at(skip, "/retry_in_ms").value_or(0)) - (times_.now - times_.ended_at);
    const std::string until = wait > milliseconds(0) ? " for " + wait_words(wait) : "";
    if (reason == "breaker_open") {
      const std::string why = cause_with(text_at(skip, "/cause"), message);
      return name + (until.empty() ? " was skipped" : " is skipped" + until) + (why.empty() ? "" : ": " + why);
    }
    if (reason == "probe_running") return name + " was being tried again by another call";
    if (reason == "tripped_by_hand") return name + " was switched off by the user" + until;
    if (reason == "no_slot") return name + " has no free slot" + (message.empty() ? "" : " (" + detail(message) + ")");
    if (reason == "not_installed") return name + " is not installed";
    if (reason == "disabled") return name + " is switched off in the configuration";
    if (reason == "reserved") return name + ": " + for_the_user(message);
    if (reason == "cannot_write") return name + " cannot change files";
    return name + ": " + (message.empty() ? std::string(words_for(reason)) : detail(message));
  }

  /// What the user knows, or what this machine never had, is no news.
  static bool is_news(const Json& skip) {
    const std::string reason = text_at(skip, "/reason");
    return reason != "not_installed" && reason != "disabled" && reason != "cannot_write" && reason != "login_unset";
  }

  void add_skips(AgentWords& out) const {
    for (const Json& skip : list("/skipped"))
      if (is_news(skip)) out.notes.push_back(words_of(skip));
  }

  std::string words_of_attempt(const Json& attempt) const {
    const auto took = integer_at(attempt, "/duration_ms");
    std::string text = text_at(attempt, "/backend") + " failed" +
                       (took ? " after " + format_took(milliseconds(*took)) : "") + ": " +
                       cause_with(text_at(attempt, "/outcome"), text_at(attempt, "/message"));
    const bool is_in_copy = true_at(json_, "/changes/isolated");  // which is of no interest
    if (true_at(attempt, "/may_have_written") && !is_in_copy) text += "; it may have changed files";
    return text;
  }

  void add_attempts(AgentWords& out) const {
    for (const Json& attempt : list("/attempts")) {
      const auto outcome = outcome_named(text_at(attempt, "/outcome"));
      if (outcome && (is_answer(*outcome) || *outcome == Outcome::cancelled)) continue;
      out.notes.push_back(words_of_attempt(attempt));
    }
  }

  void add_failure(AgentWords& out) const {
    out.error = run_.message.empty() ? "it ended without an answer" : one_line(without_command(run_.message), 2000);
    std::string cause = run_.outcome;
    const Json& skipped = list("/skipped");
    const Json& attempts = list("/attempts");
    const bool is_one_skip = attempts.empty() && skipped.size() == 1;
    if (is_one_skip &&
        (cause == "breaker_open" || cause == "no_slot" || cause == "not_installed" || is_held_back(cause))) {
      out.error = words_of(skipped.front());
      if (!text_at(skipped.front(), "/cause").empty()) cause = text_at(skipped.front(), "/cause");
    } else if (is_held_back(cause)) {
      out.error = "no backend is available right now";
      add_skips(out);
    } else if (attempts.size() == 1 && skipped.empty()) {
      out.error = text_at(attempts.front(), "/backend") +
                  " failed: " + cause_with(cause, text_at(attempts.front(), "/message"));
      if (true_at(attempts.front(), "/may_have_written")) out.error += "; it may have changed files";
      if (retry_in_) out.error += "; it is skipped for " + wait_words(*retry_in_);
    } else {
      add_skips(out);
    }
    const bool is_manual = is_one_skip && text_at(skipped.front(), "/reason") == "tripped_by_hand";
    out.outcome = is_manual ? "switched off by the user" : std::string(words_for(cause));
    if (retry_in_) out.retry_in_s = seconds_of(*retry_in_);
    constexpr milliseconds kFresh{60'000};
    if (times_.now - times_.ended_at <= kFresh) out.who_answers = run_.next.who_answers;
    out.hint = hint(cause, is_manual, out);
  }

  std::string hint(const std::string& cause, bool is_manual, const AgentWords& out) const {
    std::vector<std::string> sentences;
    const bool was_not_allowed_to_begin = cause == "blocked" && list("/attempts").empty();
    if (is_manual) sentences.emplace_back("The user did this on purpose: leave it switched off.");
    else if (run_.next.continues && cause == "bad_request")
      sentences.emplace_back("Leave session out to begin a new conversation, and repeat its context in the prompt.");
    else if (was_not_allowed_to_begin) sentences.emplace_back("Do this work yourself instead of delegating it.");
    else if (const std::string sign_in = how_to_sign_in(run_.hint); cause == "unauthenticated" && !sign_in.empty())
      sentences.push_back("Only the user can fix this: ask them to " + detail(sign_in) + ".");
    else if (const std::string_view advice = advice_to_agent(cause); !advice.empty()) sentences.emplace_back(advice);
    if (true_at(json_, "/error/half_done"))
      sentences.emplace_back("Look at the changes; with continue_writing another backend goes on from there.");
    if (out.retry_in_s && out.error.find(" is skipped for ") == std::string::npos)
      sentences.push_back("It is tried again in " + wait_words(Seconds(*out.retry_in_s)) + ".");
    if (!out.who_answers.empty())
      sentences.push_back(out.who_answers + " can answer now: set backend to " + out.who_answers +
                          ", without model and session.");
    return join(sentences, " ");
  }

  void add_changes(AgentWords& out) const {
    const Json& changes = at(json_, "/changes");
    if (!changes.is_object()) return;
    const std::string state = text_at(changes, "/state");
    const std::string patch = text_at(changes, "/patch");
    const std::string root = one_line(text_at(changes, "/root"), 200);
    const std::string all_of_it = patch.empty() ? "" : "; all of it is in the patch " + one_line(patch, 200);
    if (state == "in_files") {
      out.notes.push_back("changed " + names_of(changes) +
                          (true_at(changes, "/isolated") ? ", applied to " + root : std::string()));
      if (const Json& missing = at(changes, "/not_applied"); missing.is_array() && !missing.empty())
        out.notes.push_back("not applied: " + list_of(missing) + all_of_it);
      if (const Json& merged = at(changes, "/merged"); merged.is_array() && !merged.empty())
        out.notes.push_back("merged with what has changed meanwhile: " + list_of(merged));
    } else if (state == "kept") {
      out.notes.push_back(at(changes, "/files").empty()
                              ? "nothing was changed in the copy"
                              : "changed " + names_of(changes) + " in a copy only, not in the project" + all_of_it);
    } else if (state == "refused") {
      out.notes.push_back("the change was not applied to " + root + ": " + detail(text_at(changes, "/why")) +
                          all_of_it);
    } else if (state == "lost") {
      out.notes.push_back("what it has changed could not be recorded: " + detail(text_at(changes, "/why")));
    } else if (const std::string why = text_at(changes, "/why"); !why.empty()) {
      out.notes.push_back("this run cannot be undone: " + detail(why));
    }
    if (const Json& missed = at(changes, "/not_covered"); missed.is_array() && !missed.empty())
      out.notes.push_back("not recorded: " + list_of(missed));
    if (const Json& notes = at(changes, "/notes"); notes.is_array())
      for (const Json& note : notes) out.notes.push_back(detail(text_of(note)));
    if (const std::string tree = text_at(changes, "/tree"); !tree.empty())
      out.notes.push_back("the copy stays for a while: " + one_line(tree, 200));
  }

  static std::string names_of(const Json& changes) {
    Json names = Json::array();
    if (const Json& files = at(changes, "/files"); files.is_array())
      for (const Json& file : files) names.push_back(text_at(file, "/path"));
    const auto count = [&](const char* path) { return std::to_string(integer_at(changes, path).value_or(0)); };
    return list_of(names) + " (+" + count("/lines_added") + " -" + count("/lines_removed") + ")";
  }

  const RunRecord& run_;
  RunTimes times_;
  Json json_;
  std::optional<milliseconds> retry_in_;
};

std::string skipped_words(const inspect::BackendStatus& backend) {
  const std::string why =
      backend.last_failure ? ": " + std::string(words_for(backend.last_failure->outcome)) : std::string();
  const milliseconds wait = backend.breaker.retry_after;
  return wait > milliseconds(0) ? "skipped for " + wait_words(wait) + why : "tried again with the next call" + why;
}

}  // namespace

AgentWords words_about(const RunRecord& record, const RunTimes& times) { return RunWords(record, times).words(); }

std::string_view advice_to_agent(std::string_view outcome) {
  const auto named = outcome_named(outcome);
  return named ? kAdvice[static_cast<std::size_t>(*named)].text : std::string_view();
}

AgentStatus status_words(const inspect::BackendStatus& backend, std::optional<ServerTrace> server) {
  if (!backend.enabled) return {.words = "switched off in the configuration"};
  if (backend.is_login_unset) return {.words = "login not set up"};
  if (backend.installed == false || server == ServerTrace::absent) return {.words = "not installed"};
  const bool is_open = backend.breaker.state != BreakerState::closed && backend.breaker.state != BreakerState::disabled;
  const milliseconds wait = backend.breaker.retry_after;
  AgentStatus out;
  if (is_open && wait > milliseconds(0)) out.retry_in_s = seconds_of(wait);
  const bool is_over = backend.breaker.state == BreakerState::half_open && wait == milliseconds(0);
  if (is_open && backend.is_manual && !is_over)
    out.words = "switched off by the user" + (out.retry_in_s ? " for " + wait_words(wait) : std::string());
  else if (backend.breaker.state == BreakerState::half_open && wait > milliseconds(0))
    out = {.words = "being tried again by another call"};
  else if (is_open) out.words = skipped_words(backend);
  else if (server == ServerTrace::not_running) out.words = "not running";
  else if (backend.slots_max > 0 && backend.slots_used >= backend.slots_max)
    out.words = "busy: all its slots are in use";
  else out = {.is_ready = true, .words = "ready"};
  return out;
}

OrderedJson shortened_changes(OrderedJson changes, std::size_t bytes) {
  std::size_t size = dump(changes).size();
  if (size <= bytes) return changes;
  if (changes.contains("diffstat")) {
    changes.erase("diffstat");
    size = dump(changes).size();
  }
  constexpr std::size_t kForCount = 32;  // `,"not_applied_left_out":12345`
  for (const char* key : {"files", "conflicts", "merged", "not_applied", "not_covered", "notes"}) {
    if (size <= bytes) break;
    if (!changes.contains(key) || !changes[key].is_array()) continue;
    OrderedJson& list = changes[key];
    std::size_t left_out = 0;
    for (size += kForCount; size > bytes && !list.empty(); ++left_out) {
      size -= std::min(size, dump(list.back()).size() + 1);
      list.erase(list.size() - 1);
    }
    changes[std::string(key) + "_left_out"] = left_out;
  }
  return changes;
}

}  // namespace delegate::cli::server
