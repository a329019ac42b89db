#include "cli/parse.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/base/text.hpp"

namespace delegate::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  delegate ask "what does errno 11 mean"
  git diff | delegate ask "review this"
  delegate ask -b gemini --json "summarize README.md"
  delegate status

Exit codes: 0 answered, 1 all candidates failed, 2 usage, 3 configuration, 4 nothing admissible now,
  5 nothing installed, 6 blocked, 70 internal, 124 deadline, 130/143 interrupted
)";

constexpr const char* kAskExamples = R"(
Examples:
  delegate ask "explain this repository"
  git diff | delegate ask "review this"         stdin is attached as context
  delegate ask < prompt.txt                     stdin is the prompt
  delegate ask -b claude -m opus "..."          this one or nobody
  delegate ask -- "-v means verbose, why?"      a prompt that begins with a dash
)";

/// An empty value is a slip of the hand (an unset variable), not a wish for the default.
const CLI::Validator kNotEmpty(
    [](const std::string& value) { return value.empty() ? std::string("must not be empty") : std::string(); }, "");

/// What the options are bound to while CLI11 parses.
struct Bound {
  AskCommand ask;
  StatusCommand status;
  BackendsCommand backends;
  PingCommand ping;
  BreakerCommand breaker;
  ConfigCommand config;
  std::string config_file;
  std::string color = "auto";
};

CLI::App* add_ask(CLI::App& app, AskCommand& ask) {
  CLI::App* command = app.add_subcommand("ask", "One prompt, one answer on stdout");
  command->add_option("prompt", ask.words, "The prompt; without it, or with -, stdin is the prompt")
      ->option_text("[PROMPT...]");
  command->add_option("-b,--backend", ask.backend, "auto, or the name of one backend")
      ->option_text("NAME")
      ->check(kNotEmpty);
  command
      ->add_option("-t,--type", ask.type,
                   "summarize, explain, docstring, review, ask, test, diagnose or improve (else inferred)")
      ->option_text("TYPE")
      ->check(kNotEmpty);
  command->add_option("-m,--model", ask.model, "A model of the named backend")->option_text("MODEL")->check(kNotEmpty);
  command->add_option("-s,--system", ask.system, "A system prompt")->option_text("TEXT");
  command->add_option("-C,--cwd", ask.directory, "The directory to work in")->option_text("DIR")->check(kNotEmpty);
  command->add_flag("--write", ask.write, "Let the backend change files and run commands (default: read-only)");
  command->add_option("--session", ask.session, "Continue a session of the named backend")
      ->option_text("ID")
      ->check(kNotEmpty);
  command->add_option("--timeout", ask.timeout, "The whole run, all candidates together: 90s, 5m")
      ->option_text("DUR")
      ->check(kNotEmpty);
  command->add_flag_callback(
      "--fallback", [&ask] { ask.fallback = true; }, "Go on with the next backend when one fails (default: for auto)");
  command->add_flag_callback(
      "--no-fallback", [&ask] { ask.fallback = false; }, "Ask one backend only (default: for a named backend)");
  command->add_flag("--no-stdin", ask.no_stdin, "Do not read stdin");
  command->add_flag("--json", ask.json, "One JSON object instead of the bare answer");
  command->add_flag("-q,--quiet", ask.quiet, "Say nothing on stderr but errors");
  command->add_flag("-v,--verbose", ask.verbose, "Say on stderr what is tried");
  command->footer(kAskExamples);
  return command;
}

void add_breaker(CLI::App& app, BreakerCommand& breaker) {
  CLI::App* command = app.add_subcommand("breaker", "Look at and operate breakers");
  command->require_subcommand(1);
  using Action = BreakerCommand::Action;
  const auto add = [&](const char* name, const char* help, Action action) {
    CLI::App* sub = command->add_subcommand(name, help);
    sub->callback([&breaker, action] { breaker.action = action; });
    if (action != Action::list) sub->add_option("backend", breaker.backend, "Which backend")->option_text("NAME");
    return sub;
  };
  add("list", "Every breaker and its state", Action::list)->add_flag("--json", breaker.json, "As JSON");
  add("reset", "Close it and forget its failures", Action::reset)->add_flag("--all", breaker.all, "Every backend");
  add("trip", "Skip this backend until it is reset, or for a while", Action::trip)
      ->add_option("--for", breaker.duration, "Then a probe decides: 10m")
      ->option_text("DUR")
      ->check(kNotEmpty);
  add("disable", "Let every call through and count nothing", Action::disable);
  add("enable", "Undo disable", Action::enable);
}

std::unique_ptr<CLI::App> describe(Bound& bound) {
  auto app = std::make_unique<CLI::App>(
      "Asks the AI command line tools that are installed here; skips the broken ones, ends at the local model.",
      "delegate");
  app->set_version_flag("--version", "delegate " DELEGATE_VERSION);
  app->add_option("--config", bound.config_file, "Use this configuration file and no other")->option_text("FILE");
  app->add_option("--color", bound.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->option_text("WHEN");
  app->require_subcommand(1);
  app->footer(kExamples);
  app->fallthrough();  // global options may stand after the command
  add_ask(*app, bound.ask);
  app->add_subcommand("status", "Every backend, its breaker, its slots, its last outcome")
      ->add_flag("--json", bound.status.json, "As JSON");
  CLI::App* backends = app->add_subcommand("backends", "What is installed, and where");
  backends->add_flag("--check", bound.backends.check, "Ask each for its version");
  backends->add_flag("--json", bound.backends.json, "As JSON");
  CLI::App* ping = app->add_subcommand("ping", "A live one-line call that proves the login");
  ping->add_option("backend", bound.ping.backend, "Which backend; without it, all")->option_text("NAME");
  ping->add_flag("--json", bound.ping.json, "As JSON");
  add_breaker(*app, bound.breaker);
  CLI::App* config = app->add_subcommand("config", "The configuration");
  config->require_subcommand(1);
  config->add_subcommand("check", "Everything that is wrong with it, at once")
      ->add_flag("--json", bound.config.json, "As JSON");
  return app;
}

Command chosen(const CLI::App& app, Bound& bound) {
  if (app.got_subcommand("ask")) return std::move(bound.ask);
  if (app.got_subcommand("status")) return bound.status;
  if (app.got_subcommand("backends")) return bound.backends;
  if (app.got_subcommand("ping")) return bound.ping;
  if (app.got_subcommand("breaker")) return bound.breaker;
  return bound.config;
}

const CLI::App* deepest(const CLI::App& app) {
  const auto inner = app.get_subcommands();
  return inner.empty() ? &app : deepest(*inner.front());
}

/// "delegate breaker" for the command `delegate breaker trip`.
std::string parent_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* parent = deepest(app)->get_parent(); parent != nullptr; parent = parent->get_parent())
    names = names.empty() ? parent->get_name() : parent->get_name() + " " + names;
  return names;
}

std::string full_name(const CLI::App& app) {
  const std::string parents = parent_names(app);
  return parents.empty() ? deepest(app)->get_name() : parents + " " + deepest(app)->get_name();
}

/// The likely command for a word that is none.
std::string suggestion(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::App* sub : deepest(app)->get_subcommands({})) names.push_back(sub->get_name());
  for (const std::string& word : arguments) {
    if (word.starts_with("-")) continue;
    const std::string_view near = nearest(word, names);
    if (!near.empty() && near != word) return "did you mean `" + std::string(near) + "`?";
  }
  return {};
}

/// The first word that should have named a command but does not; CLI11 would only say that a command is required.
std::string stray_word(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* command = deepest(app);
  if (command->get_subcommands({}).empty()) return {};
  for (const std::string& word : arguments)
    if (!word.starts_with("-") && command->get_name() != word && app.get_name() != word) return word;
  return {};
}

UsageError usage_error(const CLI::App& app, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  const std::string name = full_name(app);
  const std::string where = name == app.get_name() ? "" : name.substr(app.get_name().size() + 1) + ": ";
  if (const std::string stray = stray_word(app, arguments); !stray.empty()) {
    const std::string near = suggestion(app, arguments);
    return {where + "'" + one_line(stray, 80) + "' is no command", near.empty() ? "see `" + name + " --help`" : near};
  }
  const bool is_extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (is_extra && deepest(app)->get_name() == "ask")
    return {where + one_line(error.what()),
            "see `" + name + " --help`; a prompt that begins with a dash goes after --"};
  return {where + one_line(error.what()), "see `" + name + " --help`"};
}

}  // namespace

namespace {

// CLI11 takes a word like "[a, b]" for a list and drops its brackets. A character that nobody types keeps it whole.
constexpr char kGuard = '\x1e';

std::vector<std::string> guarded(std::vector<std::string> words) {
  for (std::string& word : words)
    if (word.starts_with('[') && word.ends_with(']')) word.insert(word.begin(), kGuard);
  return words;
}

/// "-v means verbose" is one word, which CLI11 would take apart into the flag and the rest.
bool is_dashed_prompt(const std::string& word) {
  return word.size() > 2 && word[0] == '-' && std::string_view("hqv").find(word[1]) != std::string_view::npos &&
         word.find(' ') != std::string::npos;
}

void drop_guard(std::string& word) {
  if (word.starts_with(kGuard)) word.erase(0, 1);
}

}  // namespace

CommandLine parse(const std::vector<std::string>& arguments) {
  // What follows -- belongs to the prompt; CLI11 would give it back to the outer command once a word has stood before.
  const bool asks = std::find(arguments.begin(), arguments.end(), "ask") != arguments.end();
  const auto words_begin = asks ? std::find(arguments.begin(), arguments.end(), "--") : arguments.end();
  if (std::any_of(arguments.begin(), words_begin, is_dashed_prompt))
    return {UsageError{"ask: a prompt that begins with a dash", "put it after --"}, {}, {}};
  Bound bound;
  const auto app = describe(bound);
  try {  // a border where exceptions end
    std::vector<std::string> words = guarded({arguments.begin(), words_begin});
    std::reverse(words.begin(), words.end());
    app->parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    return {ShowText{deepest(*app)->help(parent_names(*app))}, {}, {}};
  } catch (const CLI::CallForVersion& version) {
    return {ShowText{std::string(version.what()) + "\n"}, {}, {}};
  } catch (const CLI::ParseError& error) {
    return {usage_error(*app, arguments, error), {}, {}};
  }
  for (std::string& word : bound.ask.words) drop_guard(word);
  if (words_begin != arguments.end()) bound.ask.words.insert(bound.ask.words.end(), words_begin + 1, arguments.end());
  drop_guard(bound.ask.system);
  return {chosen(*app, bound), bound.config_file, bound.color};
}

}  // namespace delegate::cli
