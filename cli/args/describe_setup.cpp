#include "cli/args/describe_tables.hpp"
#include "cli/setup/editors.hpp"

namespace delegate::cli {
namespace {

std::vector<std::string_view> editor_names() {
  std::vector<std::string_view> names;
  for (const setup::Editor& editor : setup::editors()) names.push_back(editor.name);
  return names;
}

constexpr OptionText kSetup[] = {
    {.value = "EDITOR",
     .help = "Which one; without it, a list of those found here",
     .more = "Each is described in docs/editors.md: which file is changed, and what is written there.",
     .words = Words::choices,
     .choices = editor_names,
     .place = in<&Typed::setup, &SetupCommand::editor>},
    {.names = "--undo",
     .help = "Remove what was registered",
     .more = "The server's entry goes as a whole, with whatever was added to it; the rest of the file stays as it is.",
     .place = in<&Typed::setup, &SetupCommand::undo>},
    {.names = "--project",
     .help = "In this directory's settings, not in yours",
     .place = in<&Typed::setup, &SetupCommand::project>},
    {.names = "--allow-write",
     .help = "Let callers have files changed",
     .more = "Registers `delegate mcp --allow-write`. Without it, backends that are asked by an editor only read.",
     .place = in<&Typed::setup, &SetupCommand::allow_write>},
    {.names = "--env",
     .value = "NAME",
     .help = "Hand this variable on to delegate",
     .more = "For editors that start servers with few variables. Only the name is written; the value stays in the "
             "environment that the editor runs in. May be given several times.",
     .place = in<&Typed::setup, &SetupCommand::variables>},
    {.names = "--print",
     .help = "Print what to add, and change nothing",
     .more = "Without EDITOR, for all of them: one of the forms fits almost any other client.",
     .place = in<&Typed::setup, &SetupCommand::print>},
    {.names = "--json", .help = "As JSON", .place = in<&Typed::setup, &SetupCommand::json>},
};
constexpr Exclusion kSetupExclusions[] = {
    {"--undo",
     [] {
       return std::vector<std::string_view>{"--print", "--allow-write", "--env"};
     },
     "--undo takes away; the others say what to add"},
    {"--project", [] { return std::vector<std::string_view>{"--print"}; }, "what is printed is the same for both"},
};
constexpr std::string_view kSetupExamples[] = {
    "delegate setup",
    "delegate setup claude",
    "delegate setup codex --env OPENAI_API_KEY",
};

}  // namespace

constexpr CommandText kSetupText{
    .name = "setup",
    .group = kSetUp,
    .help = "Register `delegate mcp` with an editor",
    .more =
        "Adds delegate to the servers of an editor or agent, shows the change, and touches nothing else in that file: "
        "comments, order and line ends stay. Where XDG_CONFIG_HOME or XDG_STATE_HOME moves delegate's files, its name "
        "is "
        "registered for the editor to hand on. A second run changes nothing; an entry of an older delegate is brought "
        "up "
        "to date.",
    .options = kSetup,
    .examples = kSetupExamples,
    .exclusions = kSetupExclusions,
    .take = take<&Typed::setup>};

}  // namespace delegate::cli
