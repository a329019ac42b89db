#include "core/health/plain_words.hpp"

#include "core/health/outcome.hpp"

namespace delegate {
namespace {

constexpr std::string_view kByItself = "There is nothing to do: it comes back by itself.";
constexpr std::string_view kOnline = "See whether this machine is online.";
constexpr std::string_view kLook = "`delegate ping {name}` shows what is wrong with it.";

struct Words {
  std::string_view cause;
  std::string_view advice;
};

Words words_of(std::string_view name) {
  const auto outcome = outcome_named(name);
  if (!outcome) return {"it fails", kLook};
  switch (*outcome) {
    case Outcome::unauthenticated: return {"its sign-in is not valid any more", "Sign in to it again."};
    case Outcome::quota_exhausted: return {"its usage limit is reached", kByItself};
    case Outcome::rate_limited: return {"it is asked too often", kByItself};
    case Outcome::overloaded:
    case Outcome::server_error: return {"its service has a problem", kByItself};
    case Outcome::timed_out:
    case Outcome::timed_out_active:
    case Outcome::idle_timed_out: return {"it does not answer in time", kLook};
    case Outcome::stalled_tool: return {"one of its tools hangs", kLook};
    case Outcome::unreachable:
    case Outcome::connect_timeout:
    case Outcome::dropped:
    case Outcome::send_failed:
    case Outcome::collateral_drop: return {"it cannot be reached", kOnline};
    case Outcome::lost_result:
    case Outcome::bad_output:
    case Outcome::pipe_closed: return {"its answers get lost", kLook};
    case Outcome::exited_nonzero: return {"it ends with an error", kLook};
    default: return {"it fails", kLook};
  }
}

}  // namespace

std::string_view cause_of(std::string_view outcome) { return words_of(outcome).cause; }

std::string advice_for(std::string_view outcome, std::string_view backend) {
  std::string text(words_of(outcome).advice);
  constexpr std::string_view kName = "{name}";
  if (const std::size_t at = text.find(kName); at != std::string::npos) text.replace(at, kName.size(), backend);
  return text;
}

}  // namespace delegate
