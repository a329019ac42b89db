#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/args/command_row.hpp"
#include "cli/commands/answer_layout.hpp"
#include "core/route/task_type.hpp"
#include "core/run/request.hpp"

namespace delegate::cli {

/// The command line of `ask`; `submit` has no options about printing the answer.
struct AskOptions {
  std::vector<std::string> words;
  std::string backend{kAuto};
  std::string type;
  std::string model;
  std::string system;
  std::string directory;
  std::string session;
  bool continue_session = false;
  std::string tier;
  std::vector<std::string> files;
  std::string timeout;
  std::string wait_slot;
  std::optional<bool> fallback;
  std::string markdown;        // empty: as configured
  std::optional<bool> stream;  // absent: if stdout is a terminal
  bool write = false;
  bool continue_writing = false;
  bool isolate = false;
  std::vector<std::string> isolate_with;
  bool tracked_only = false;
  bool keep = false;
  std::optional<bool> apply;  // absent: unless the copy is kept
  bool no_stdin = false;
  bool quiet = false;
  bool verbose = false;
};

inline std::vector<std::string_view> task_types() {
  std::vector<std::string_view> names;
  for (int type = 0; type <= static_cast<int>(TaskType::improve); ++type)
    names.push_back(to_string(static_cast<TaskType>(type)));
  return names;
}
inline constexpr std::string_view kTiers[] = {"small", "medium", "large", "default"};

inline constexpr OptionRow kAskOptions[] = {
    {.value = "PROMPT",
     .help = "The prompt; without it, or with -, it is on stdin",
     .more =
         "Several words are joined with spaces. If there is a prompt, stdin is attached as material that the prompt "
         "is about. Put `--` before words that begin with a dash.",
     .group = "Prompt",
     .empty = Empty::allowed,
     .store = into<&AskOptions::words>},
    {.names = "-f, --file",
     .value = "PATH",
     .help = "Attach this file; may be repeated",
     .more = "Its text is sent to the backend together with the prompt.",
     .kind = ValueKind::files,
     .store = into<&AskOptions::files>},
    {.names = "--no-stdin",
     .help = "Do not read stdin",
     .more = "For callers whose stdin is a pipe that is never closed.",
     .store = into<&AskOptions::no_stdin>},
    {.names = "-s, --system",
     .value = "TEXT",
     .help = "System prompt",
     .empty = Empty::allowed,
     .store = into<&AskOptions::system>},
    {.names = "-t, --type",
     .value = "TYPE",
     .help = "Kind of task: summarize, review (default: inferred)",
     .more = "Light tasks may try the backends in another order than heavy ones: see `router.order_light` and "
             "`router.heavy_types`.",
     .kind = ValueKind::choices,
     .choices = task_types,
     .store = into<&AskOptions::type>},
    {.names = "-b, --backend",
     .value = "NAME",
     .help = "Backend to use, or auto (default)",
     .more =
         "`auto` tries the backends of `router.order`, first to last. If a backend is named, only that one is used, "
         "unless `--fallback` is given; while its breaker is open, nothing is started and the exit status is 4.",
     .group = "Backend",
     .kind = ValueKind::candidates,
     .store = into<&AskOptions::backend>},
    {.names = "-m, --model", .value = "MODEL", .help = "Model of the named backend", .store = into<&AskOptions::model>},
    {.names = "--tier",
     .value = "TIER",
     .help = "Model size: small, medium, large or default",
     .more = "The `tier` keys of each backend say which model that is. `--model` overrides it.",
     .kind = ValueKind::choices,
     .choices = values_in<kTiers>,
     .store = into<&AskOptions::tier>},
    {.names = "--session",
     .value = "ID",
     .help = "Continue this session, with the backend it belongs to",
     .store = into<&AskOptions::session>},
    {.names = "--continue",
     .help = "Continue the latest session of this directory",
     .store = into<&AskOptions::continue_session>},
    {.names = "--fallback",
     .help = "Try the next backend if one fails (default: auto)",
     .more = "After a named backend, the local model is tried.",
     .store = set<&AskOptions::fallback, true>},
    {.names = "--no-fallback",
     .help = "Use one backend only (default: with a named backend)",
     .store = set<&AskOptions::fallback, false>},
    {.names = "-C, --cwd",
     .value = "DIR",
     .help = "Work in this directory",
     .more = "The search for a project's delegate.toml begins there, too.",
     .group = "Execution",
     .kind = ValueKind::directories,
     .store = into<&AskOptions::directory>},
    {.names = "--write",
     .help = "Allow file changes and commands (default: read-only)",
     .more =
         "Backends that cannot change files are skipped. If one fails after it may have changed something, no other "
         "is asked: the message names the files that are known.",
     .store = into<&AskOptions::write>},
    {.names = "--continue-writing",
     .help = "With --write: go on where one failed",
     .more =
         "If a backend fails after it may have changed files, the next one is asked all the same. Behind the prompt "
         "it finds which backend began and which files are known to be changed. The first one finds that, too, if "
         "the latest run with `--write` in this directory ended that way.",
     .store = into<&AskOptions::continue_writing>},
    {.names = "--isolate",
     .help = "With --write: work in a copy, then apply the change",
     .more =
         "The backend works in a copy of the git work tree with its uncommitted changes, so each backend that is "
         "tried starts clean, and runs do not meet. The change of the one that answers is merged into the files here; "
         "if that is not possible, they stay as they are, the path of a patch is printed, and the exit status is 1. "
         "Ignored files are not in the copy.",
     .store = into<&AskOptions::isolate>},
    {.names = "--isolate-with",
     .value = "PATH",
     .help = "Copy this ignored file or directory; repeatable",
     .kind = ValueKind::files,
     .store = into<&AskOptions::isolate_with>},
    {.names = "--tracked-only",
     .help = "Leave files that git does not track out of the copy",
     .store = into<&AskOptions::tracked_only>},
    {.names = "--apply", .help = "Apply the change (default without --keep)", .store = set<&AskOptions::apply, true>},
    {.names = "--keep",
     .help = "Do not apply the change; print where the copy is",
     .more = "With `--apply` both. The copy and its patch stay for `background.keep`.",
     .store = into<&AskOptions::keep>},
    {.names = "--timeout",
     .value = "DUR",
     .help = "Limit for the run, all backends together: 90s, 5m",
     .more = "When it has passed, the exit status is 124. The default is `router.timeout`.",
     .store = into<&AskOptions::timeout>},
    {.names = "--wait-slot",
     .value = "DUR",
     .help = "If all slots are in use, wait for one: 30s, 5m",
     .more =
         "Calls that wait get the free slots of a backend in the order in which they came, once no other backend is "
         "left to try. A call with `--write` also waits for another run that writes in its directory. Without a value "
         "the limit is `--timeout`; 0 does not wait. The default is what "
         "`backends.NAME.when_full` says. When DUR has passed, the exit status is 4.",
     .implied = "24h",
     .store = into<&AskOptions::wait_slot>},
    json_flag("Print one JSON object instead of the bare answer", "Output"),
    {.names = "--stream",
     .help = "Print the answer as it arrives (default: terminal)",
     .store = set<&AskOptions::stream, true>},
    {.names = "--no-stream",
     .help = "Print the answer once complete (default: elsewhere)",
     .store = set<&AskOptions::stream, false>},
    markdown_option<&AskOptions::markdown>(),
    {.names = "-q, --quiet",
     .help = "Print only errors to stderr",
     .store =
         [](std::any& options) {
           set<&AskOptions::quiet, true>(options);
           set<&AskOptions::verbose, false>(options);
         }},
    {.names = "-v, --verbose",
     .help = "Print to stderr what is tried",
     .store =
         [](std::any& options) {
           set<&AskOptions::verbose, true>(options);
           set<&AskOptions::quiet, false>(options);
         }},
};

/// Without those that are only about printing the answer.
inline constexpr auto kSubmitOptions = [] {
  std::size_t count = 0;
  while (kAskOptions[count].group != "Output") ++count;
  return std::span(kAskOptions).first(count + 1);  // --json prints the id as an object
}();

inline constexpr Exclusion kSessionExclusion{
    "--session", {"--continue"}, "--session names a session, --continue picks the latest one"};

}  // namespace delegate::cli
