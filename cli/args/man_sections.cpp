#include "cli/args/man_page.hpp"

// What the man page says beyond the tables.
namespace delegate::cli {

void add_opening(Roff& page) {
  page.raw(".TH DELEGATE 1 " DELEGATE_DATE " \"delegate " DELEGATE_VERSION "\" \"User Commands\"");
  page.section("NAME");
  page.raw("delegate \\- route a prompt to an AI command line tool that works");
  page.section("SYNOPSIS");
  page.raw(".B delegate ask");
  page.raw("[\\fIOPTION\\fP...] [\\fIPROMPT\\fP...]");
  page.raw(".br");
  page.raw(".B delegate");
  page.raw("\\fICOMMAND\\fP [\\fIOPTION\\fP...]");
  page.section("DESCRIPTION");
  page.paragraphs(
      "delegate gives a prompt to one of the AI command line tools that are installed on this machine, such as claude, "
      "codex and gemini, or to a local model, and prints the answer.\n\n"
      "Each of these backends has a circuit breaker that all shells and servers of the host share. A backend that "
      "fails "
      "several times in a row is skipped at once instead of being waited for, until a probe finds that it works again. "
      "When all others are skipped or have failed, the local model answers.\n\n"
      "The standard output carries the answer, or with `--json` one object, and nothing else. Progress, warnings and "
      "errors go to the standard error.");
}

void add_prompt_rules(Roff& page) {
  page.section("PROMPT AND STDIN");
  page.paragraphs(
      "Without words, or with the one word `-`, the standard input is the prompt. With words they are the prompt, and "
      "what comes on the standard input is attached as material: a pipe, a file or a socket is read to its end, "
      "however "
      "slow its producer is; a terminal and /dev/null are not waited for. `--no-stdin` reads nothing.\n\n"
      "All words after `--` belong to the prompt, whatever they look like.");
}

void add_environment(Roff& page) {
  page.section("ENVIRONMENT");
  page.item("\\fBDELEGATE_CONFIG\\fP", "A configuration file to use instead of all others, as `--config`.");
  page.item("\\fBDELEGATE_\\fP\\fIKEY\\fP",
            "Sets a key of the configuration, stronger than any file: `DELEGATE_ROUTER_TIMEOUT` sets `router.timeout`, "
            "`DELEGATE_BACKENDS_GEMINI_MODEL` sets `backends.gemini.model`. Elements of a list are apart by commas.");
  page.item(
      "\\fBDELEGATE_DEPTH\\fP",
      "How many delegations this process is inside of; set for what is started. At `router.max_depth` the next one "
      "is refused, so that agents that delegate to each other come to an end.");
  page.item("\\fBDELEGATE_RUN_ID\\fP", "The run that a backend was started for; set for what is started.");
  page.item("\\fBOLLAMA_HOST\\fP", "Where the local model is served, when `url` of its backend is not set.");
  page.item("\\fBNO_COLOR\\fP", "When set and not empty: no colours, unless `--color always` is given.");
  page.item("\\fBXDG_CONFIG_HOME\\fP, \\fBXDG_STATE_HOME\\fP, \\fBXDG_CACHE_HOME\\fP, \\fBXDG_RUNTIME_DIR\\fP",
            "Where files are kept; see FILES.");
  page.item("\\fBHOME\\fP", "Where the search for a project's file ends, and what the XDG directories are below.");
}

void add_files(Roff& page) {
  page.section("FILES");
  page.paragraphs(
      "The strongest that sets a key decides it: the command line, the environment, the project's file, your "
      "file, the built-in value.");
  page.item("\\fI$XDG_CONFIG_HOME/delegate/delegate.toml\\fP",
            "Your configuration; by default below ~/.config. It need not exist.");
  page.item(
      "\\fIdelegate.toml\\fP",
      "A project's configuration, in the working directory or the nearest above it, up to the root of the "
      "repository. Unless it is trusted with `delegate trust`, it cannot set what is run, connected to or stored.");
  page.item("\\fI$XDG_STATE_HOME/delegate/state.db\\fP",
            "Breakers, slots and runs, an SQLite database that is yours alone; by default below ~/.local/state.");
  page.item("\\fI$XDG_RUNTIME_DIR/delegate\\fP",
            "Private files of calls that are under way; without that directory, ~/.cache/delegate/calls.");
}

void add_closing(Roff& page) {
  page.section("SEE ALSO");
  page.paragraphs("`claude`(1), `codex`(1), `gemini`(1), `ollama`(1)");
}

}  // namespace delegate::cli
