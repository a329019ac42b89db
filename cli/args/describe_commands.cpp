#include "cli/args/describe_tables.hpp"

// Everything but `ask` and the sub-commands of `breaker` and `config`.
namespace delegate::cli {
namespace {

constexpr OptionText kRuns[] = {
    {.value = "ID",
     .help = "Show this run, with its attempts",
     .words = Words::runs,
     .place = in<&Typed::runs, &RunsCommand::id>},
    {.names = "-b, --backend",
     .value = "NAME",
     .help = "Those that this backend took part in",
     .words = Words::backends,
     .place = in<&Typed::runs, &RunsCommand::backend>},
    {.names = "--outcome",
     .value = "OUTCOME",
     .help = "Those that ended so, or had an attempt that did",
     .words = Words::outcomes,
     .place = in<&Typed::runs, &RunsCommand::outcome>},
    {.names = "--since",
     .value = "WHEN",
     .help = "Not older than this: 2h, 7d, 2026-11-30",
     .place = in<&Typed::runs, &RunsCommand::since>},
    {.names = "-n, --limit",
     .value = "COUNT",
     .help = "How many at most (default: 20)",
     .least = 1,
     .most = 1'000'000,
     .place = in<&Typed::runs, &RunsCommand::most>},
    {.names = "--totals",
     .help = "Calls, success, times, tokens and cost of each backend",
     .place = in<&Typed::runs, &RunsCommand::totals>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::runs, &RunsCommand::json>},
};
constexpr Exclusion kRunsExclusions[] = {
    {"ID",
     [] {
       return std::vector<std::string_view>{"--backend", "--outcome", "--since", "--limit", "--totals"};
     },
     "one run is shown whole; what selects runs goes without an id"},
    {"--totals",
     [] {
       return std::vector<std::string_view>{"--outcome", "--limit"};
     },
     "totals are of all calls; --since and --backend narrow them"},
};
constexpr std::string_view kRunsExamples[] = {
    "delegate runs --since 2h --outcome rate_limited",
    "delegate runs --totals",
};

constexpr OptionText kStatus[] = {
    {.names = "--watch",
     .help = "Again whenever something changes",
     .place = in<&Typed::status, &StatusCommand::watch>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::status, &StatusCommand::json>},
};

constexpr OptionText kBackends[] = {
    {.names = "--check", .help = "Ask each for its version", .place = in<&Typed::backends, &BackendsCommand::check>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::backends, &BackendsCommand::json>},
};

constexpr OptionText kPing[] = {
    {.value = "NAME",
     .help = "Which backend; without it, all that are enabled",
     .words = Words::backends,
     .place = in<&Typed::ping, &PingCommand::backend>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::ping, &PingCommand::json>},
};

constexpr OptionText kDrill[] = {
    {.names = "--mine",
     .help = "With your configuration, and stand-ins in place of your CLIs",
     .place = in<&Typed::drill, &DrillCommand::mine>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::drill, &DrillCommand::json>},
};

constexpr OptionText kTrust[] = {
    {.value = "DIR",
     .help = "Whose file; without it, the one found from here",
     .words = Words::directories,
     .place = in<&Typed::trust, &TrustCommand::directory>},
    {.names = "--list", .help = "What is trusted", .place = in<&Typed::trust, &TrustCommand::list>},
    {.names = "--forget", .help = "Trust it no longer", .place = in<&Typed::trust, &TrustCommand::forget>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::trust, &TrustCommand::json>},
};
constexpr Exclusion kTrustExclusions[] = {
    {"--list",
     [] {
       return std::vector<std::string_view>{"--forget", "DIR"};
     },
     "--list shows all that is trusted"},
};

constexpr OptionText kCompletion[] = {
    {.value = "SHELL",
     .help = "Which one: bash, zsh or fish",
     .words = Words::choices,
     .choices =
         [] {
           return std::vector<std::string_view>{"bash", "zsh", "fish"};
         },
     .need = Need::required,
     .place = in<&Typed::completion, &CompletionCommand::shell>},
};
constexpr std::string_view kCompletionExamples[] = {
    "source <(delegate completion bash)   # in ~/.bashrc",
    "source <(delegate completion zsh)    # in ~/.zshrc, after compinit",
    "delegate completion fish | source    # in config.fish",
};

constexpr OptionText kHelp[] = {
    {.value = "COMMAND",
     .help = "Which one; without it, all of them in a list",
     .words = Words::commands,
     .place = [](Typed& typed) -> std::vector<std::string>& { return typed.topic; }},
};

constexpr OptionText kDoctor[] = {
    {.names = "--json", .help = "As JSON", .place = in<&Typed::doctor, &DoctorCommand::json>},
};

constexpr OptionText kComplete[] = {
    {.value = "WHAT",
     .help = "What the shell asks for",
     .need = Need::required,
     .place = in<&Typed::complete, &CompleteCommand::what>},
};

}  // namespace

constexpr CommandText kRunsText{.name = "runs",
                                .group = kLook,
                                .help = "What was asked before, and how it went",
                                .more =
                                    "Newest first; what waits in the background, or works there, says so. With an ID, "
                                    "one run with everything that is known about it: who was tried, how long it took, "
                                    "what was said. Prompts are kept only with `history.keep_prompts`.",
                                .options = kRuns,
                                .examples = kRunsExamples,
                                .exclusions = kRunsExclusions,
                                .take = take<&Typed::runs>};

constexpr CommandText kStatusText{.name = "status",
                                  .group = kLook,
                                  .help = "Every backend, its breaker, its slots, its last outcome",
                                  .more = "Starts nothing and changes nothing.",
                                  .options = kStatus,
                                  .take = take<&Typed::status>};

constexpr CommandText kBackendsText{.name = "backends",
                                    .group = kOperate,
                                    .help = "What is installed, and where",
                                    .options = kBackends,
                                    .take = take<&Typed::backends>};

constexpr CommandText kPingText{
    .name = "ping",
    .group = kOperate,
    .help = "A live one-line call that proves the login",
    .more =
        "A real call, which may cost something. It does not wait for the end of a break; its result counts for the "
        "breaker.",
    .options = kPing,
    .take = take<&Typed::ping>};

constexpr CommandText kDoctorText{
    .name = "doctor",
    .group = kOperate,
    .help = "Why it does not work here, and what to do about it",
    .more =
        "Looks at the configuration, the state, each backend with its login, breaker and slots, runs in the "
        "background, "
        "editors and the environment. It starts no more than `--version` of what is installed, asks a local server "
        "which models it has, and asks no model anything: that is what `delegate ping` does.\n\n"
        "The exit status is 0 when nothing hinders, also with warnings, and 1 when something does.",
    .options = kDoctor,
    .take = take<&Typed::doctor>};

constexpr CommandText kDrillText{
    .name = "drill",
    .group = kOperate,
    .help = "The whole story on this machine, with stand-ins in a sandbox",
    .more =
        "Real processes, real breakers, a real store; nothing of yours is touched. The exit status is 0 only if "
        "everything held.",
    .options = kDrill,
    .take = take<&Typed::drill>};

constexpr CommandText kTrustText{.name = "trust",
                                 .group = kSetUp,
                                 .help = "Let this project's delegate.toml set what runs and connects",
                                 .options = kTrust,
                                 .exclusions = kTrustExclusions,
                                 .take = take<&Typed::trust>};

constexpr CommandText kCompletionText{
    .name = "completion",
    .group = kSetUp,
    .help = "Completion for bash, zsh or fish",
    .more = "Prints a script for the shell to read. Packages install it where the shells look for it.",
    .options = kCompletion,
    .examples = kCompletionExamples,
    .take = take<&Typed::completion>};

constexpr CommandText kHelpText{.name = "help",
                                .group = kSetUp,
                                .help = "What a command does and takes",
                                .options = kHelp,
                                .take = [](Typed&) -> Command { return ShowText{}; }};

constexpr CommandText kCompleteText{.name = "complete", .options = kComplete, .take = take<&Typed::complete>};

constexpr CommandText kManualText{.name = "manual", .take = [](Typed&) -> Command { return ManualCommand{}; }};

}  // namespace delegate::cli
