#include "core/health/outcome_words.hpp"

#include <array>

#include "core/health/breaker.hpp"

namespace delegate {
namespace {

struct OutcomeWords {
  Outcome outcome;
  std::string_view words;
  std::string_view title;
  Remedy remedy;
};

using enum Remedy;

// clang-format off
constexpr std::array kAllWords{
    //           outcome                     words                                        title               remedy
    OutcomeWords{Outcome::answered,          "answered",                                  "answered",         look},
    OutcomeWords{Outcome::answered_empty,    "answered without text",                     "empty answer",     look},
    OutcomeWords{Outcome::lost_result,       "ended without a result",                    "no result",        look},
    OutcomeWords{Outcome::not_installed,     "not installed",                             "not installed",    act},
    OutcomeWords{Outcome::spawn_failed,      "could not be started",                      "does not start",   act},
    OutcomeWords{Outcome::resources,         "out of system resources",                   "out of resources", act},
    OutcomeWords{Outcome::unreachable,       "unreachable",                               "unreachable",      look},
    OutcomeWords{Outcome::connect_timeout,   "connection timed out",                      "unreachable",      look},
    OutcomeWords{Outcome::timed_out,         "timed out",                                 "timed out",        look},
    OutcomeWords{Outcome::timed_out_active,  "timed out while still producing output",    "timed out",        look},
    OutcomeWords{Outcome::deadline_passed,   "time limit of the run reached",             "out of time",      look},
    OutcomeWords{Outcome::idle_timed_out,    "timed out without output",                  "no output",        look},
    OutcomeWords{Outcome::stalled_tool,      "stuck in a tool call",                      "stuck in a tool",  look},
    OutcomeWords{Outcome::exited_nonzero,    "crashed",                                   "crashed",          look},
    OutcomeWords{Outcome::killed_by_signal,  "killed by a signal",                        "killed",           look},
    OutcomeWords{Outcome::unauthenticated,   "signed out",                                "signed out",       act},
    OutcomeWords{Outcome::quota_exhausted,   "usage limit reached",                       "quota used up",    wait},
    OutcomeWords{Outcome::rate_limited,      "rate limited",                              "rate limited",     wait},
    OutcomeWords{Outcome::overloaded,        "service overloaded",                        "overloaded",       wait},
    OutcomeWords{Outcome::loading,           "model still loading",                       "still loading",    wait},
    OutcomeWords{Outcome::server_error,      "server error",                              "server error",     wait},
    OutcomeWords{Outcome::model_rejected,    "model not available",                       "model missing",    act},
    OutcomeWords{Outcome::bad_request,       "invalid request",                           "invalid request",  look},
    OutcomeWords{Outcome::context_too_long,  "prompt too long for the model",             "prompt too long",  look},
    OutcomeWords{Outcome::cut_short,         "answer cut off at the output limit",        "answer cut off",   look},
    OutcomeWords{Outcome::refused_by_policy, "refused by the model's policy",             "refused",          look},
    OutcomeWords{Outcome::bad_output,        "unreadable output",                         "bad output",       look},
    OutcomeWords{Outcome::dropped,           "connection lost",                           "connection lost",  look},
    OutcomeWords{Outcome::send_failed,       "connection lost while sending the request", "connection lost",  look},
    OutcomeWords{Outcome::collateral_drop,   "no connection right after a lost one",      "connection lost",  look},
    OutcomeWords{Outcome::pipe_closed,       "exited before reading the prompt",          "exited early",     look},
    OutcomeWords{Outcome::no_slot,           "all slots in use",                          "busy",             wait},
    OutcomeWords{Outcome::breaker_open,      "breaker open",                              "breaker open",     wait},
    OutcomeWords{Outcome::directory_in_use,  "another run writes there",                  "directory in use", wait},
    OutcomeWords{Outcome::cannot_write,      "cannot change files",                       "cannot write",     look},
    OutcomeWords{Outcome::reserved,          "kept in reserve",                           "kept in reserve",  wait},
    OutcomeWords{Outcome::extra_billing,     "would be billed extra",                     "billed extra",     wait},
    OutcomeWords{Outcome::budget_exhausted,  "budget used up",                            "budget used up",   wait},
    OutcomeWords{Outcome::cancelled,         "cancelled",                                 "cancelled",        look},
    OutcomeWords{Outcome::blocked,           "not allowed",                               "not allowed",      act},
    OutcomeWords{Outcome::internal,          "internal error",                            "internal error",   look},
};
// clang-format on

constexpr bool words_stand_in_enum_order() {
  for (std::size_t i = 0; i < kAllWords.size(); ++i)
    if (static_cast<std::size_t>(kAllWords[i].outcome) != i || kAllWords[i].words.empty() ||
        kAllWords[i].title.empty() || kAllWords[i].title.size() > kLongestTitleWords)
      return false;
  return kAllWords.size() == static_cast<std::size_t>(Outcome::internal) + 1;
}
static_assert(words_stand_in_enum_order());

const OutcomeWords* row_of(std::string_view outcome_name) {
  const auto outcome = outcome_named(outcome_name);
  return outcome ? &kAllWords[static_cast<std::size_t>(*outcome)] : nullptr;
}

}  // namespace

std::string_view words_for(Outcome outcome) { return kAllWords[static_cast<std::size_t>(outcome)].words; }

std::string_view words_for(std::string_view name) {
  if (const OutcomeWords* row = row_of(name)) return row->words;
  // Reasons for an open breaker or a skip that are no outcomes.
  if (name == kRejectsRequests) return "rejects every request";
  if (name == "probe_running") return "a probe is running";
  if (name == "tripped_by_hand") return "tripped manually";
  if (name == "login_unset") return "login not set up";
  if (name == "state_locked") return "state locked";
  if (name == "state_unusable") return "state unusable";
  return name;
}

std::string_view title_for(std::string_view outcome_name) {
  if (outcome_name == kRejectsRequests) return "rejects requests";
  const OutcomeWords* row = row_of(outcome_name);
  return row == nullptr ? "unavailable" : row->title;
}

Remedy remedy_for(std::string_view outcome_name) {
  const OutcomeWords* row = row_of(outcome_name);
  return row == nullptr ? look : row->remedy;
}

}  // namespace delegate
