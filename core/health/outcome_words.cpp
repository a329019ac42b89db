#include "core/health/outcome_words.hpp"

#include <array>

#include "core/health/breaker.hpp"

namespace delegate {
namespace {

struct OutcomeWords {
  Outcome outcome;
  std::string_view words;
  std::string_view cause;
  std::string_view advice;
};

constexpr std::string_view kFails = "it fails";
constexpr std::string_view kOffline = "it cannot be reached";
constexpr std::string_view kLate = "it does not answer in time";
constexpr std::string_view kLost = "its answers get lost";
constexpr std::string_view kService = "its service has a problem";

constexpr std::string_view kWait = "Nothing to do: it recovers by itself.";
constexpr std::string_view kOnline = "Check that this machine is online.";
constexpr std::string_view kPing = "Run `delegate ping {name}` to see what is wrong.";

// clang-format off
constexpr std::array kAllWords{
    //           outcome                     words                                        cause      advice
    OutcomeWords{Outcome::answered,          "answered",                                  kFails,    kPing},
    OutcomeWords{Outcome::answered_empty,    "answered without text",                     kFails,    kPing},
    OutcomeWords{Outcome::lost_result,       "ended without a result",                    kLost,     kPing},
    OutcomeWords{Outcome::not_installed,     "not installed",                             kFails,    kPing},
    OutcomeWords{Outcome::spawn_failed,      "could not be started",                      kFails,    kPing},
    OutcomeWords{Outcome::resources,         "out of system resources",                   kFails,    kPing},
    OutcomeWords{Outcome::unreachable,       "unreachable",                               kOffline,  kOnline},
    OutcomeWords{Outcome::connect_timeout,   "connection timed out",                      kOffline,  kOnline},
    OutcomeWords{Outcome::timed_out,         "timed out",                                 kLate,     kPing},
    OutcomeWords{Outcome::timed_out_active,  "timed out while still producing output",    kLate,     kPing},
    OutcomeWords{Outcome::deadline_passed,   "time limit of the run reached",             kFails,    kPing},
    OutcomeWords{Outcome::idle_timed_out,    "timed out without output",                  kLate,     kPing},
    OutcomeWords{Outcome::stalled_tool,      "stuck in a tool call",                      "one of its tools hangs", kPing},
    OutcomeWords{Outcome::exited_nonzero,    "crashed",                                   "it ends with an error",  kPing},
    OutcomeWords{Outcome::killed_by_signal,  "killed by a signal",                        kFails,    kPing},
    OutcomeWords{Outcome::unauthenticated,   "signed out",                                "its sign-in is no longer valid", "Sign in to it again."},
    OutcomeWords{Outcome::quota_exhausted,   "usage limit reached",                       "its usage limit is reached",     kWait},
    OutcomeWords{Outcome::rate_limited,      "rate limited",                              "it is rate limited",             kWait},
    OutcomeWords{Outcome::overloaded,        "service overloaded",                        kService,  kWait},
    OutcomeWords{Outcome::loading,           "model still loading",                       kFails,    kPing},
    OutcomeWords{Outcome::server_error,      "server error",                              kService,  kWait},
    OutcomeWords{Outcome::model_rejected,    "model not available",                       kFails,    kPing},
    OutcomeWords{Outcome::bad_request,       "invalid request",                           kFails,    kPing},
    OutcomeWords{Outcome::context_too_long,  "prompt too long for the model",             kFails,    kPing},
    OutcomeWords{Outcome::cut_short,         "answer cut off at the output limit",        kFails,    kPing},
    OutcomeWords{Outcome::refused_by_policy, "refused by the model's policy",             kFails,    kPing},
    OutcomeWords{Outcome::bad_output,        "unreadable output",                         kLost,     kPing},
    OutcomeWords{Outcome::dropped,           "connection lost",                           kOffline,  kOnline},
    OutcomeWords{Outcome::send_failed,       "connection lost while sending the request", kOffline,  kOnline},
    OutcomeWords{Outcome::collateral_drop,   "no connection right after a lost one",      kOffline,  kOnline},
    OutcomeWords{Outcome::pipe_closed,       "exited before reading the prompt",           kLost,    kPing},
    OutcomeWords{Outcome::no_slot,           "all slots in use",                          kFails,    kPing},
    OutcomeWords{Outcome::breaker_open,      "breaker open",                              kFails,    kPing},
    OutcomeWords{Outcome::directory_in_use,  "another run writes there",                  kFails,    kPing},
    OutcomeWords{Outcome::cannot_write,      "cannot change files",                       kFails,    kPing},
    OutcomeWords{Outcome::cancelled,         "cancelled",                                 kFails,    kPing},
    OutcomeWords{Outcome::blocked,           "not allowed",                               kFails,    kPing},
    OutcomeWords{Outcome::internal,          "internal error",                            kFails,    kPing},
};
// clang-format on

constexpr bool words_stand_in_enum_order() {
  for (std::size_t i = 0; i < kAllWords.size(); ++i)
    if (static_cast<std::size_t>(kAllWords[i].outcome) != i || kAllWords[i].words.empty()) return false;
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
  return name;
}

std::string_view cause_of(std::string_view outcome_name) {
  if (outcome_name == kRejectsRequests) return "it rejects every request";
  const OutcomeWords* row = row_of(outcome_name);
  return row == nullptr ? kFails : row->cause;
}

std::string advice_for(std::string_view outcome_name, std::string_view backend) {
  const OutcomeWords* row = row_of(outcome_name);
  std::string text(row == nullptr ? kPing : row->advice);
  constexpr std::string_view kName = "{name}";
  if (const std::size_t at = text.find(kName); at != std::string::npos) text.replace(at, kName.size(), backend);
  return text;
}

}  // namespace delegate
