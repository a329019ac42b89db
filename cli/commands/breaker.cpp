#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "cli/request/request_builder.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/inspect/host_status.hpp"

namespace delegate::cli {
namespace {

constexpr OptionRow kBreakerListOptions[] = {json_flag("Print JSON")};

struct BackendOptions {
  std::string backend;
};
constexpr OptionRow kBackendOptions[] = {
    {.value = "NAME",
     .help = "Backend",
     .kind = ValueKind::backends,
     .presence = Presence::required,
     .store = into<&BackendOptions::backend>},
    json_flag("Print JSON"),
};

struct BreakerResetOptions {
  std::string backend;
  bool all = false;
};
constexpr OptionRow kBreakerResetOptions[] = {
    {.value = "NAME", .help = "Backend", .kind = ValueKind::backends, .store = into<&BreakerResetOptions::backend>},
    {.names = "--all", .help = "Reset every backend", .store = into<&BreakerResetOptions::all>},
    json_flag("Print JSON"),
};
constexpr Exclusion kBreakerResetExclusions[] = {{"NAME", {"--all"}, "give a name or --all, not both"}};

struct TripOptions {
  std::string backend;
  std::string duration;
};
constexpr OptionRow kTripOptions[] = {
    {.value = "NAME",
     .help = "Backend",
     .kind = ValueKind::backends,
     .presence = Presence::required,
     .store = into<&TripOptions::backend>},
    {.names = "--for",
     .value = "DUR",
     .help = "Only for this long, then probe: 10m",
     .store = into<&TripOptions::duration>},
    json_flag("Print JSON"),
};

constexpr std::string_view kBreakerExamples[] = {
    "delegate breaker trip gemini --for 2h",
    "delegate breaker reset --all",
};

/// The backend and its logins.
Result<std::vector<std::string>> targets(const std::string& where, const Config& config, const std::string& backend) {
  if (config.backend(backend) == nullptr) return tl::unexpected(unknown_backend(where, config, backend));
  return config.candidates(backend);
}

Result<milliseconds> duration_of(const TripOptions& options) {
  if (options.duration.empty()) return milliseconds(0);
  const auto length = parse_duration(options.duration);
  if (!length) return fail(Code::invalid_argument, "breaker trip: --for: " + length.error().what, length.error().hint);
  if (*length > milliseconds(0)) return *length;
  return fail(Code::invalid_argument, "breaker trip: --for: must be longer than 0",
              "a number with a unit: 90s, 5m; without --for it is until `delegate breaker reset`");
}

/// Changes the breakers one after the other and prints what `change` says of each, or with --json the state of each.
template <class Change>
CommandResult change_each(const CommandContext& context, std::string_view where, const std::vector<std::string>& names,
                          Change change) {
  std::string text;
  OrderedJson json{{"schema", "delegate.breaker/1"}, {"breakers", OrderedJson::array()}};
  for (const std::string& name : names) {
    std::string said;
    std::string_view state;
    const Status done = context.engine().breakers.change(name, [&](Breaker& breaker, const HostTime& now) {
      said = change(breaker, now, name);
      state = to_string(breaker.state);
    });
    if (!done) return fail_internally(where, done.error());
    json["breakers"].push_back({{"backend", name}, {"state", state}});
    text += name + ": " + said + "\n";
  }
  return context.output.answer(context.world.json ? dump(json) + "\n" : text);
}

CommandResult list_breakers(const CommandContext& context, const NoOptions&) {
  const HostStatus status = status_of(context.engine());
  return context.output.answer(context.world.json ? to_json(status) + "\n"
                                                  : breakers_to_text(status, context.output.is_painted()));
}

CommandResult reset_breakers(const CommandContext& context, const BreakerResetOptions& options) {
  if (!options.all && options.backend.empty())
    return fail_as(ErrorKind::usage,
                   {Code::invalid_argument, "breaker reset: NAME is missing", "name a backend, or use --all"});
  std::vector<std::string> names = context.config().candidates();
  if (!options.all) {
    TRY(names, targets("breaker reset", context.config(), options.backend));
  }
  return change_each(context, "breaker reset", names, [](Breaker& breaker, const HostTime&, const std::string&) {
    delegate::reset(breaker);
    return "closed";
  });
}

CommandResult trip(const CommandContext& context, const TripOptions& options) {
  TRY(const auto names, targets("breaker trip", context.config(), options.backend));
  TRY(const milliseconds length, duration_of(options));
  return change_each(context, "breaker trip", names,
                     [&](Breaker& breaker, const HostTime& now, const std::string& name) {
                       if (length > milliseconds(0)) {
                         open_for(breaker, now, length);
                         return "skipped for " + options.duration + ", then a probe decides";
                       }
                       force_open(breaker);
                       return "skipped until `delegate breaker reset " + name + "`";
                     });
}

CommandResult disable(const CommandContext& context, const BackendOptions& options) {
  TRY(const auto names, targets("breaker disable", context.config(), options.backend));
  return change_each(context, "breaker disable", names, [](Breaker& breaker, const HostTime&, const std::string&) {
    delegate::disable(breaker);
    return "disabled: every call is let through and nothing is counted";
  });
}

CommandResult enable(const CommandContext& context, const BackendOptions& options) {
  TRY(const auto names, targets("breaker enable", context.config(), options.backend));
  return change_each(context, "breaker enable", names,
                     [](Breaker& breaker, const HostTime&, const std::string&) -> std::string {
                       const bool was_disabled = breaker.state == BreakerState::disabled;
                       delegate::enable(breaker);
                       return was_disabled ? "closed" : "was not disabled, is " + std::string(to_string(breaker.state));
                     });
}

}  // namespace

extern constexpr CommandRow kBreaker{
    .name = "breaker",
    .group = kOperateGroup,
    .help = "Inspect and operate breakers",
    .more =
        "A backend that has failed several times in a row is skipped by every shell and server of this host until a "
        "probe succeeds.",
    .examples = kBreakerExamples};

extern constexpr CommandRow kBreakerList{.name = "breaker list",
                                         .group = kOperateGroup,
                                         .help = "List every breaker and its state",
                                         .options = kBreakerListOptions,
                                         .needs = Needs::host,
                                         .run = run_with<list_breakers>};

extern constexpr CommandRow kBreakerReset{.name = "breaker reset",
                                          .group = kOperateGroup,
                                          .help = "Close the breaker and reset its failure count",
                                          .options = kBreakerResetOptions,
                                          .exclusions = kBreakerResetExclusions,
                                          .needs = Needs::host,
                                          .run = run_with<reset_breakers>};

extern constexpr CommandRow kBreakerTrip{.name = "breaker trip",
                                         .group = kOperateGroup,
                                         .help = "Skip a backend until it is reset, or for a while",
                                         .options = kTripOptions,
                                         .needs = Needs::host,
                                         .run = run_with<trip>};

extern constexpr CommandRow kBreakerDisable{.name = "breaker disable",
                                            .group = kOperateGroup,
                                            .help = "Let every call through and count nothing",
                                            .options = kBackendOptions,
                                            .needs = Needs::host,
                                            .run = run_with<disable>};

extern constexpr CommandRow kBreakerEnable{.name = "breaker enable",
                                           .group = kOperateGroup,
                                           .help = "Undo `breaker disable`",
                                           .options = kBackendOptions,
                                           .needs = Needs::host,
                                           .run = run_with<enable>};

}  // namespace delegate::cli
