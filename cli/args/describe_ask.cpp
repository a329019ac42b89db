#include "cli/args/describe_tables.hpp"
#include "core/route/task_type.hpp"

namespace delegate::cli {
namespace {

template <auto member>
auto& ask(Typed& typed) {
  return in<&Typed::ask, member>(typed);
}

std::vector<std::string_view> task_types() {
  std::vector<std::string_view> names;
  for (int type = 0; type <= static_cast<int>(TaskType::improve); ++type)
    names.push_back(to_string(static_cast<TaskType>(type)));
  return names;
}

constexpr OptionText kOptions[] = {
    {.value = "PROMPT",
     .help = "The prompt; without it, or with -, stdin is the prompt",
     .more = "Several words are joined with spaces. With a prompt in the arguments, what comes on stdin is attached as "
             "material that the prompt is about. Words that begin with a dash go after `--`.",
     .group = "What to ask",
     .empty = Empty::allowed,
     .place = ask<&AskCommand::words>},
    {.names = "-f, --file",
     .value = "PATH",
     .help = "Attach this file; once for each file",
     .more = "Its text goes to the backend together with the prompt.",
     .words = Words::files,
     .place = ask<&AskCommand::files>},
    {.names = "--no-stdin",
     .help = "Do not read stdin",
     .more = "For callers whose stdin is a pipe that nobody ever closes.",
     .place = ask<&AskCommand::no_stdin>},
    {.names = "-s, --system",
     .value = "TEXT",
     .help = "A system prompt",
     .empty = Empty::allowed,
     .place = ask<&AskCommand::system>},
    {.names = "-t, --type",
     .value = "TYPE",
     .help = "What kind of task: summarize, review, ...; else inferred",
     .more = "Light tasks may go to other backends first than heavy ones: see `router.order_light` and "
             "`router.heavy_types`.",
     .words = Words::choices,
     .choices = task_types,
     .place = ask<&AskCommand::type>},
    {.names = "-b, --backend",
     .value = "NAME",
     .help = "The one that is to answer, or auto (default)",
     .more =
         "`auto` tries the backends of `router.order`, first to last. A backend that is named is asked alone, unless "
         "`--fallback` is given; while its breaker is open nothing is started and the exit status is 4.",
     .group = "Whom to ask",
     .words = Words::candidates,
     .place = ask<&AskCommand::backend>},
    {.names = "-m, --model",
     .value = "MODEL",
     .help = "A model of the named backend",
     .place = ask<&AskCommand::model>},
    {.names = "--tier",
     .value = "TIER",
     .help = "A size, whoever answers: small, medium, large, default",
     .more = "What that means at each backend is set with its `tier` keys. A model that is named is stronger.",
     .words = Words::choices,
     .choices =
         [] {
           return std::vector<std::string_view>{"small", "medium", "large", "default"};
         },
     .place = ask<&AskCommand::tier>},
    {.names = "--session",
     .value = "ID",
     .help = "Continue this session, at the backend that it belongs to",
     .place = ask<&AskCommand::session>},
    {.names = "--continue",
     .help = "Continue the latest session of this directory",
     .place = ask<&AskCommand::continue_session>},
    {.names = "--fallback",
     .help = "Go on with the next when one fails (default: for auto)",
     .more = "After a backend that is named the local model is the next.",
     .place = [](Typed& typed) { typed.ask.fallback = true; }},
    {.names = "--no-fallback",
     .help = "Ask one backend only (default: for a named backend)",
     .place = [](Typed& typed) { typed.ask.fallback = false; }},
    {.names = "-C, --cwd",
     .value = "DIR",
     .help = "The directory to work in",
     .more = "The search for a project's delegate.toml begins there as well.",
     .group = "How",
     .words = Words::directories,
     .place = ask<&AskCommand::directory>},
    {.names = "--write",
     .help = "Let it change files and run commands (default: read-only)",
     .place = ask<&AskCommand::write>},
    {.names = "--timeout",
     .value = "DUR",
     .help = "The whole run, all candidates together: 90s, 5m",
     .more = "When it is over the exit status is 124. The default is `router.timeout`.",
     .place = ask<&AskCommand::timeout>},
    {.names = "--json",
     .help = "One JSON object instead of the bare answer",
     .group = "Output",
     .place = ask<&AskCommand::json>},
    {.names = "--stream",
     .help = "Print the answer as it comes (default: to a terminal)",
     .place = [](Typed& typed) { typed.ask.stream = true; }},
    {.names = "--no-stream",
     .help = "Print the answer when it is whole (default: elsewhere)",
     .place = [](Typed& typed) { typed.ask.stream = false; }},
    {.names = "-q, --quiet",
     .help = "Say nothing on stderr but errors",
     .place = [](Typed& typed) { typed.ask.quiet = true, typed.ask.verbose = false; }},
    {.names = "-v, --verbose",
     .help = "Say on stderr what is tried",
     .place = [](Typed& typed) { typed.ask.verbose = true, typed.ask.quiet = false; }},
};

/// What the run is to be, without what is only about printing its answer.
constexpr auto kOptionsOfRun = [] {
  std::size_t count = 0;
  while (kOptions[count].group != "Output") ++count;
  return std::span(kOptions).first(count + 1);  // --json says the id, too
}();

constexpr Exclusion kSubmitExclusions[] = {
    {"--session", [] { return std::vector<std::string_view>{"--continue"}; },
     "the one names a session, the other takes the latest"},
};

constexpr std::string_view kSubmitExamples[] = {
    "id=$(delegate submit -f report.md \"find what is wrong\")",
    "delegate result --wait $id               # the answer, when it is there",
};

constexpr Exclusion kExclusions[] = {
    {"--session", [] { return std::vector<std::string_view>{"--continue"}; },
     "the one names a session, the other takes the latest"},
    {"--stream", [] { return std::vector<std::string_view>{"--json"}; },
     "one JSON object is printed when it is whole; leave --stream out"},
};

constexpr std::string_view kExamples[] = {
    "git diff | delegate ask \"review this\"   # stdin is attached",
    "delegate ask < prompt.txt               # stdin is the prompt",
    "delegate ask -b claude -m opus \"...\"    # this one or nobody",
    "delegate ask -- \"-v means what?\"        # begins with a dash",
};

}  // namespace

constexpr CommandText kAskText{
    .name = "ask",
    .group = kLook,
    .help = "One prompt, one answer on stdout",
    .more =
        "Picks the first backend that is installed, enabled and not skipped by its breaker, gives it the prompt and "
        "prints its answer and nothing else. When one fails the next is tried; who answered instead, and why, is "
        "one line on stderr.\n\n"
        "Of options that contradict each other the last one counts: `--fallback` and `--no-fallback`, `--stream` "
        "and `--no-stream`, `-q` and `-v`, and any option with a value that is given twice.",
    .options = kOptions,
    .examples = kExamples,
    .exclusions = kExclusions,
    .take = take<&Typed::ask>};

constexpr CommandText kSubmitText{
    .name = "submit",
    .group = kLook,
    .help = "Ask in the background, and get the run's id at once",
    .more =
        "Takes what `ask` takes. The run goes on when the shell is gone; `delegate result` fetches its answer, which "
        "is "
        "kept for `background.keep`. At most `background.max_parallel` such runs work at the same time on this "
        "machine; more wait for their turn.",
    .options = kOptionsOfRun,
    .examples = kSubmitExamples,
    .exclusions = kSubmitExclusions,
    .take = [](Typed& typed) -> Command { return SubmitCommand{std::move(typed.ask)}; }};

}  // namespace delegate::cli
