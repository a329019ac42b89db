#include "cli/args/describe_tables.hpp"

// `breaker` and `config`, which have sub-commands.
namespace delegate::cli {
namespace {

template <BreakerCommand::Action action>
Command take_breaker(Typed& typed) {
  typed.breaker.action = action;
  return typed.breaker;
}
template <ConfigCommand::Action action>
Command take_config(Typed& typed) {
  typed.config.action = action;
  return typed.config;
}

constexpr OptionText kBreakerName{.value = "NAME",
                                  .help = "Which backend",
                                  .words = Words::backends,
                                  .need = Need::required,
                                  .place = in<&Typed::breaker, &BreakerCommand::backend>};
constexpr OptionText kJson{.names = "--json", .help = "As JSON", .place = in<&Typed::config, &ConfigCommand::json>};

constexpr OptionText kBreakerList[] = {
    {.names = "--json", .help = "As JSON", .place = in<&Typed::breaker, &BreakerCommand::json>},
};
constexpr OptionText kBreakerReset[] = {
    {.value = "NAME",
     .help = "Which backend",
     .words = Words::backends,
     .place = in<&Typed::breaker, &BreakerCommand::backend>},
    {.names = "--all", .help = "Every backend", .place = in<&Typed::breaker, &BreakerCommand::all>},
};
constexpr Exclusion kBreakerResetExclusions[] = {
    {"NAME", [] { return std::vector<std::string_view>{"--all"}; }, "name one, or take all"},
};
constexpr OptionText kBreakerTrip[] = {
    kBreakerName,
    {.names = "--for",
     .value = "DUR",
     .help = "Only so long, then a probe decides: 10m",
     .place = in<&Typed::breaker, &BreakerCommand::duration>},
};
constexpr OptionText kBreakerOther[] = {kBreakerName};
constexpr std::string_view kBreakerExamples[] = {
    "delegate breaker trip gemini --for 2h",
    "delegate breaker reset --all",
};

constexpr OptionText kConfigShow[] = {
    {.value = "KEY",
     .help = "Only these keys or sections",
     .words = Words::keys,
     .place = in<&Typed::config, &ConfigCommand::keys>},
    kJson,
};
constexpr OptionText kConfigJson[] = {kJson};
constexpr OptionText kConfigInit[] = {
    {.names = "--print", .help = "To stdout instead", .place = in<&Typed::config, &ConfigCommand::print>},
    {.names = "--force", .help = "Over the file that is there", .place = in<&Typed::config, &ConfigCommand::force>},
    kJson,
};
constexpr std::string_view kConfigExamples[] = {
    "delegate config init",
    "delegate config show router backends.gemini",
};

}  // namespace

constexpr CommandText kBreakerText{
    .name = "breaker",
    .group = kOperate,
    .help = "Look at and operate breakers",
    .more =
        "A backend that has failed often enough in a row is skipped, by every shell and server of this host, until a "
        "probe succeeds.",
    .examples = kBreakerExamples};
constexpr CommandText kBreakerListText{.name = "breaker list",
                                       .group = kOperate,
                                       .help = "Every breaker and its state",
                                       .options = kBreakerList,
                                       .take = take_breaker<BreakerCommand::Action::list>};
constexpr CommandText kBreakerResetText{.name = "breaker reset",
                                        .group = kOperate,
                                        .help = "Close it and forget its failures",
                                        .options = kBreakerReset,
                                        .exclusions = kBreakerResetExclusions,
                                        .take = take_breaker<BreakerCommand::Action::reset>};
constexpr CommandText kBreakerTripText{.name = "breaker trip",
                                       .group = kOperate,
                                       .help = "Skip this backend until it is reset, or for a while",
                                       .options = kBreakerTrip,
                                       .take = take_breaker<BreakerCommand::Action::trip>};
constexpr CommandText kBreakerDisableText{.name = "breaker disable",
                                          .group = kOperate,
                                          .help = "Let every call through and count nothing",
                                          .options = kBreakerOther,
                                          .take = take_breaker<BreakerCommand::Action::disable>};
constexpr CommandText kBreakerEnableText{.name = "breaker enable",
                                         .group = kOperate,
                                         .help = "Undo disable",
                                         .options = kBreakerOther,
                                         .take = take_breaker<BreakerCommand::Action::enable>};

constexpr CommandText kConfigText{.name = "config",
                                  .group = kSetUp,
                                  .help = "The configuration",
                                  .more =
                                      "Where it comes from is under FILES and ENVIRONMENT, what it can say under "
                                      "CONFIGURATION.",
                                  .examples = kConfigExamples};
constexpr CommandText kConfigShowText{.name = "config show",
                                      .group = kSetUp,
                                      .help = "Every value and where it was set",
                                      .options = kConfigShow,
                                      .take = take_config<ConfigCommand::Action::show>};
constexpr CommandText kConfigCheckText{.name = "config check",
                                       .group = kSetUp,
                                       .help = "Everything that is wrong with it, at once",
                                       .options = kConfigJson,
                                       .take = take_config<ConfigCommand::Action::check>};
constexpr CommandText kConfigPathText{.name = "config path",
                                      .group = kSetUp,
                                      .help = "Which files are read",
                                      .options = kConfigJson,
                                      .take = take_config<ConfigCommand::Action::path>};
constexpr CommandText kConfigInitText{.name = "config init",
                                      .group = kSetUp,
                                      .help = "Write a commented file that fits what is installed",
                                      .options = kConfigInit,
                                      .take = take_config<ConfigCommand::Action::init>};

}  // namespace delegate::cli
