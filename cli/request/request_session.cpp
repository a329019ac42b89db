#include <algorithm>

#include "cli/request/request_builder.hpp"
#include "core/base/text.hpp"

// Which session a request continues.
namespace delegate::cli {
namespace {

/// The names under which sessions of `asked` may be in the history. A backend with logins may have had none earlier.
std::vector<std::string> owners_of(const Engine& engine, const std::string& asked) {
  std::vector<std::string> names = engine.config.candidates(asked);
  const std::string plain = candidate_name(asked).backend;
  if (std::find(names.begin(), names.end(), plain) == names.end()) names.push_back(plain);
  return names;
}

/// The login that the session began with. If there were no logins then, the one that was asked for, or else the first.
std::string who_continues(const RunRow& session, const std::string& asked) {
  return candidate_name(asked).backend == session.backend ? asked : session.backend;
}

}  // namespace

Status RequestBuilder::continue_latest(const Engine& engine, Request& request) const {
  const bool is_named = request.backend != kAuto;
  std::optional<RunRow> latest;
  for (const std::string& name : is_named ? owners_of(engine, request.backend) : std::vector<std::string>{{}}) {
    TRY(auto found, engine.ledger->newest_session({.cwd = request.cwd, .backend = name}));
    if (found && (!latest || found->started_at > latest->started_at)) latest = std::move(found);
  }
  if (!latest)
    return names_.usage_of(
        "continue",
        "there is no session" + (is_named ? " of " + request.backend : std::string()) + " in this directory",
        "`delegate runs` lists the runs and their directories");
  request.session = latest->session_id;
  request.backend = who_continues(*latest, request.backend);
  return {};
}

Status RequestBuilder::find_owner(const Engine& engine, Request& request) const {
  const bool is_named = request.backend != kAuto;
  const std::string session = "'" + one_line(request.session, 80) + "'";
  std::optional<RunRow> known;
  if (engine.ledger != nullptr) {
    TRY(known, engine.ledger->newest_session({.session_id = request.session}));
  }
  if (!known) {
    if (is_named) return {};  // a session that this program has not seen
    return names_.usage_of("session", session + " is not in the history",
                           names_.are_options ? "name the backend that it belongs to with --backend"
                                              : "Set backend to the one that gave this session, or leave session out.");
  }
  const auto owners = owners_of(engine, request.backend);
  if (is_named && std::find(owners.begin(), owners.end(), known->backend) == owners.end())
    return names_.usage_of("session", session + " is a session of " + known->backend,
                           "use " + names_.option("backend") + " " + known->backend);
  if (known->cwd != request.cwd)
    return names_.usage_of("session", session + " belongs to another directory",
                           "use " + names_.option("cwd") + " " + one_line(known->cwd));
  request.backend = who_continues(*known, request.backend);
  return {};
}

Status RequestBuilder::resolve_session(const RequestInput& input, const Engine& engine, Request& request) const {
  if (input.continue_session && engine.ledger == nullptr)
    return names_.fail(Code::unavailable,
                       names_.option("continue") + ": there is no history: " + engine.breakers.trouble(),
                       "ask without --continue, or see `delegate status`");
  if (input.continue_session) {
    TRY_STATUS(continue_latest(engine, request));
  } else if (!input.session.empty()) {
    TRY_STATUS(find_owner(engine, request));
  }
  if (request.session.empty() || engine.config.backend(request.backend) != nullptr) return {};
  return names_.usage(
      "the session is of " + one_line(request.backend, 80) + ", which is no longer in the configuration",
      names_.are_options ? "see `delegate config path`; without --session and --continue a new one begins"
                         : "leave session out to begin a new one");
}

}  // namespace delegate::cli
