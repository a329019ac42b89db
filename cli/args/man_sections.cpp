#include "cli/args/man_page.hpp"

// The parts of the man page that are not generated from tables.
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
      "delegate sends a prompt to one of the AI command line tools that are installed on this machine, such as claude, "
      "codex and gemini, or to a local model, and prints the answer.\n\n"
      "Each of these backends has a circuit breaker that all shells and servers of the host share. A backend that "
      "fails several times in a row is skipped at once until a probe finds that it works again. If all others are "
      "skipped or have failed, the local model answers.\n\n"
      "The standard output gets the answer, or one object with `--json`, and nothing else. Progress, warnings and "
      "errors go to the standard error.");
}

void add_prompt_rules(Roff& page) {
  page.section("PROMPT AND STDIN");
  page.paragraphs(
      "Without arguments, or with the single argument `-`, the standard input is the prompt. With arguments, they are "
      "the prompt, and the standard input is attached as material: a pipe, a file or a socket is read to its end, "
      "however slow its producer is; a terminal and /dev/null are not read. `--no-stdin` reads nothing.\n\n"
      "All arguments after `--` belong to the prompt, whatever they look like.");
}

void add_environment(Roff& page) {
  page.section("ENVIRONMENT");
  page.item("\\fBDELEGATE_CONFIG\\fP", "The only configuration file to read, as with `--config`.");
  page.item(
      "\\fBDELEGATE_\\fP\\fIKEY\\fP",
      "Sets a key of the configuration and overrides all files: `DELEGATE_ROUTER_TIMEOUT` sets `router.timeout`, "
      "`DELEGATE_BACKENDS_GEMINI_MODEL` sets `backends.gemini.model`. The elements of a list are separated by commas.");
  page.item(
      "\\fBDELEGATE_DEPTH\\fP",
      "How deep delegations are nested; set for every process that delegate starts. At `router.max_depth` the next one "
      "is refused, so that agents that delegate to each other stop. Without it, or if it is too small, the "
      "ancestors of the process count.");
  page.item("\\fBDELEGATE_RUN_ID\\fP", "The id of the run that a backend was started for; set by delegate.");
  page.item("\\fBOLLAMA_HOST\\fP", "Address of the local model server, if `url` of its backend is not set.");
  page.item("\\fBNO_COLOR\\fP", "If set and not empty: no color, unless `--color always` is given.");
  page.item("\\fBXDG_CONFIG_HOME\\fP, \\fBXDG_STATE_HOME\\fP, \\fBXDG_CACHE_HOME\\fP, \\fBXDG_RUNTIME_DIR\\fP",
            "Directories of the files below; see FILES.");
  page.item("\\fBHOME\\fP", "Where the search for a project file ends; the XDG directories are below it by default.");
}

void add_files(Roff& page) {
  page.section("FILES");
  page.paragraphs(
      "A key is taken from the first of these that sets it: the command line, the environment, the project file, your "
      "file, the built-in value.");
  page.item("\\fI$XDG_CONFIG_HOME/delegate/delegate.toml\\fP",
            "Your configuration; by default below ~/.config. Optional.");
  page.item(
      "\\fIdelegate.toml\\fP",
      "The configuration of a project, in the working directory or the nearest one above it, up to the root of the "
      "repository. Unless it is trusted with `delegate trust`, it cannot set commands, URLs or what is stored.");
  page.item("\\fI$XDG_STATE_HOME/delegate/state.db\\fP",
            "Breakers, slots and runs: an SQLite database that only you can read; by default below ~/.local/state.");
  page.item("\\fI$XDG_RUNTIME_DIR/delegate\\fP",
            "Private files of running calls; without that directory, ~/.cache/delegate/calls.");
}

void add_closing(Roff& page) {
  page.section("SEE ALSO");
  page.paragraphs("`claude`(1), `codex`(1), `gemini`(1), `ollama`(1)");
}

}  // namespace delegate::cli
