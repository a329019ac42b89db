#include <algorithm>

#include "cli/commands/context.hpp"
#include "cli/setup/difference.hpp"
#include "cli/setup/plan.hpp"
#include "cli/setup/project.hpp"
#include "cli/setup/records.hpp"
#include "cli/setup/settings_file.hpp"
#include "cli/setup/show.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/os/process.hpp"

namespace delegate::cli {
namespace {

using namespace setup;

constexpr const char* kProgram = "delegate";

struct SetupOptions {
  std::string editor;  // empty: list them
  bool undo = false;
  bool project = false;
  bool allow_write = false;
  std::vector<std::string> variables;
  bool print = false;
};

std::vector<std::string_view> editor_names() {
  std::vector<std::string_view> names;
  for (const Editor& editor : editors()) names.push_back(editor.name);
  return names;
}

constexpr OptionRow kSetupOptions[] = {
    {.value = "EDITOR",
     .help = "Editor or agent (default: list those found here)",
     .more = "docs/editors.md says for each which file is changed, and what is written there.",
     .kind = ValueKind::choices,
     .choices = editor_names,
     .store = into<&SetupOptions::editor>},
    {.names = "--undo",
     .help = "Remove the registration",
     .more = "The whole entry of the server is removed, with anything that was added to it; the rest of the file is as "
             "it was before, and a file that was created for the entry is removed.",
     .store = into<&SetupOptions::undo>},
    {.names = "--project",
     .help = "Write this project's settings instead of your user settings",
     .more = "The file is at the top of the git work tree, or in this directory if it is in none. There the program is "
             "named `delegate`, because others have it elsewhere.",
     .store = into<&SetupOptions::project>},
    {.names = "--allow-write",
     .help = "Let callers request changes to files",
     .more = "Registers `delegate mcp --allow-write`. Without it, backends that are called from an editor can only "
             "read.",
     .store = into<&SetupOptions::allow_write>},
    {.names = "--env",
     .value = "NAME",
     .help = "Pass this environment variable to delegate; may be repeated",
     .more = "For editors that start servers with few variables. Only the name is written; the value stays in the "
             "environment of the editor.",
     .store = into<&SetupOptions::variables>},
    {.names = "--print",
     .help = "Print what to add, and change nothing",
     .more = "Without EDITOR, for all of them: one of the forms fits almost any other client.",
     .store = into<&SetupOptions::print>},
    json_flag("Print JSON"),
};
constexpr Exclusion kSetupExclusions[] = {
    {"--undo", {"--print", "--allow-write", "--env"}, "--undo removes the entry; the others say what to add"},
};
constexpr std::string_view kSetupExamples[] = {
    "delegate setup",
    "delegate setup claude",
    "delegate setup codex --env OPENAI_API_KEY",
};

/// The settings of a project are shared with users who have their files elsewhere.
std::vector<std::string> variables_of(const World& world, const SetupOptions& options) {
  std::vector<std::string> names = options.project ? std::vector<std::string>{} : moved_places(world);
  for (const std::string& name : options.variables)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

/// For a project that others share, the command is the name: they have the program elsewhere.
Server server_of(const World& world, const SetupOptions& options) {
  Server server{options.project ? kProgram : own_program(world), {"mcp"}, variables_of(world, options)};
  if (options.allow_write) server.arguments.emplace_back("--allow-write");
  return server;
}

int list(const World& world, const Output& output) {
  const auto all = survey(world);
  return output.quote(world.json ? dump(survey_json(all)) + "\n" : survey_text(world, all));
}

/// Where the user settings or those of the project are; empty: the editor has none of these.
std::string file_of_scope(const World& world, const Editor& editor, bool is_project) {
  if (!is_project) return editor.user_file(world);
  return editor.project_file.empty() ? std::string() : project_file_of(editor, project_root(world.cwd));
}

int print(const World& world, const Output& output, const SetupOptions& options, const Editor* editor) {
  const Server server = server_of(world, options);
  OrderedJson object{{"schema", "delegate.setup_print/1"}, {"snippets", OrderedJson::array()}};
  std::string text;
  for (const Editor& each : editors()) {
    if (editor != nullptr && &each != editor) continue;
    const std::string file = file_of_scope(world, each, options.project);
    if (file.empty() && options.project && editor == nullptr) continue;
    const std::string snippet = whole_settings(each.language, each.path(), entry_of(each, server));
    object["snippets"].push_back({{"editor", each.name}, {"text", snippet}});
    const std::string heading =
        "# " + std::string(each.title) + (file.empty() ? "" : ": " + path_text(world, file)) + "\n";
    text += editor != nullptr ? snippet : (text.empty() ? "" : "\n") + heading + snippet;
  }
  return output.quote(world.json ? dump(object) + "\n" : text);
}

struct Target {
  const Editor& editor;
  Scope scope;
  std::string path;
};

tl::unexpected<Error> no_project_settings(const Editor& editor) {
  return fail(Code::invalid_argument, "setup: --project: " + std::string(editor.name) + " has no project settings",
              "without --project it is registered for all projects");
}

Result<Target> target_of(const World& world, const SetupOptions& options, const Editor& editor) {
  const std::string name(editor.name);
  if (options.project && editor.project_file.empty()) return no_project_settings(editor);
  std::string path = editor.user_file(world);
  if (options.project) {
    const Path home = real_path(home_path(world));
    if (real_path(project_root(world.cwd)) == home && real_path(world.cwd) != home)
      return fail(Code::invalid_argument, "setup: --project: the git work tree is your home directory",
                  "run `git init` here, or without --project");
    std::string shared = file_of_scope(world, editor, true);
    if (real_path(shared) == real_path(path))
      return fail(Code::invalid_argument, "setup: --project: " + shared + " has your user settings",
                  "run this inside a project, or without --project");
    return Target{editor, Scope::project, std::move(shared)};
  }
  if (path.empty())
    return fail(Code::not_found, "setup: " + name + ": cannot locate its settings: HOME is not set",
                "`delegate setup " + name + " --print` shows what to add");
  return Target{editor, Scope::user, std::move(path)};
}

/// Words of the entry that are not secret: those that delegate writes, and the command that it starts now.
std::vector<std::string> own_words(const Target& target, const std::string& before, const Server& server) {
  std::vector<std::string> words = target.editor.path();
  const auto add = [&](const Server& one) {
    words.push_back(one.command);
    words.insert(words.end(), one.arguments.begin(), one.arguments.end());
  };
  add(server);
  const auto settings = read_settings(target.editor.language, before);
  const OrderedJson* const entry = settings ? setting_at(*settings, target.editor.path()) : nullptr;
  if (const auto old = entry == nullptr ? std::nullopt : server_in(*entry)) add(*old);
  for (const Setting& setting : target.editor.entry(server)) {
    words.push_back(setting.key);
    if (setting.value.is_string()) words.push_back(setting.value.get<std::string>());
    if (setting.keep == Keep::members)
      for (const OrderedJson& value : setting.value) words.push_back(value.get<std::string>());
  }
  return words;
}

std::string_view name_of(Step step) {
  constexpr std::string_view kNames[] = {"registered", "updated", "unchanged", "removed", "absent"};
  return kNames[static_cast<std::size_t>(step)];
}

std::string sentence(const World& world, const Target& target, Step step) {
  const std::string where = std::string(target.editor.title) + " (" + path_text(world, target.path) + ")";
  switch (step) {
    case Step::registered: return "delegate: registered with " + where;
    case Step::updated: return "delegate: registration updated in " + where;
    case Step::unchanged: return "delegate: already registered with " + where;
    case Step::removed: return "delegate: registration removed from " + where;
    case Step::absent: return "delegate: not registered with " + where;
  }
  return {};
}

std::string print_hint(const Target& target) {
  return "`delegate setup " + std::string(target.editor.name) + " --print` shows what to add by hand";
}

struct Done {
  Step step = Step::unchanged;
  std::string difference;
  std::string note;  // what an undo does not know, or that its record stays
};

/// What is still true of a record after other programs may have written the file: only a text that delegate wrote is
/// known to be in a file that delegate created.
FileRecord still_true(FileRecord record, const SettingsFile& file) {
  if (!record.is_created || record.written == text_mark(file.text.value_or(""))) return record;
  return {};
}

/// Does the removal of the entry leave something empty, which may have been there before?
bool leaves_empty(const Target& target, const std::string& before, const std::string& after) {
  const auto settings = read_settings(target.editor.language, before);
  const OrderedJson* const servers = settings ? setting_at(*settings, target.editor.servers()) : nullptr;
  const bool is_last = servers != nullptr && servers->size() == 1 && target.editor.language != Language::toml;
  return is_last || trim(after).empty();
}

/// Writes the new text, and what an undo needs to know of the old one.
Result<Done> write_registration(const World& world, const Target& target, const SettingsFile& file, const Plan& plan,
                                const Result<std::optional<FileRecord>>& known) {
  Done done{.step = plan.step};
  if (plan.step == Step::registered) {
    FileRecord now{.is_created = !file.text, .directories = missing_directories(file.path)};
    const bool is_again = !file.text && known && *known;  // the file is gone, and its directories may be there
    if (is_again && (*known)->directories.size() > now.directories.size()) now.directories = (*known)->directories;
    now.remains = remains_of(target.editor.language, file.text.value_or(""), target.editor.path());
    now.written = text_mark(plan.after);
    if (const Status kept = record(world, file.path, now); !kept)
      done.note = "how the file was before is not recorded: " + kept.error().what;
  }
  TRY_STATUS(save_settings(file, plan.after, target.scope));
  if (plan.step != Step::updated || !known || !*known || (*known)->written != text_mark(*file.text)) return done;
  FileRecord now = **known;
  now.written = text_mark(plan.after);
  if (const Status kept = record(world, file.path, now); !kept)
    done.note = "the record for `--undo` is not updated: " + kept.error().what;
  return done;
}

/// Restores what was there before, or does nothing if there is no entry; and forgets how it was.
Result<Done> write_removal(const World& world, const Target& target, const SettingsFile& file, const Plan& plan,
                           const std::optional<FileRecord>& known, const FileRecord& how_it_was) {
  Done done{.step = plan.step};
  if (plan.step == Step::absent) {
    if (known && !file.text) remove_empty(known->directories);
  } else if (how_it_was.is_created && trim(plan.after).empty()) {
    TRY_STATUS(remove_settings(file, how_it_was.directories));
  } else {
    TRY_STATUS(save_settings(file, plan.after, target.scope));
    if (!known && leaves_empty(target, *file.text, plan.after))
      done.note = "how the file was before is not recorded: what became empty was removed with the entry";
  }
  if (const Status forgotten = record(world, file.path, std::nullopt); known && !forgotten)
    done.note = "the record for `--undo` is not removed: " + forgotten.error().what;
  return done;
}

Result<Done> plan_and_write(const World& world, const SetupOptions& options, const Target& target,
                            const SettingsFile& file) {
  const auto at = [&](Error error) {  // names the file in the error
    error.what.insert(0, target.path + ": ");
    if (error.hint.empty()) error.hint = print_hint(target);
    return tl::unexpected(std::move(error));
  };
  const Server server = server_of(world, options);
  const std::string before = file.text.value_or("");
  const auto known = recorded(world, file.path);
  if (options.undo && !known) return tl::unexpected(known.error());
  const FileRecord how_it_was = known && *known ? still_true(**known, file) : FileRecord{};
  const auto plan = options.undo ? plan_removal(target.editor, before, how_it_was.remains)
                                 : plan_registration(target.editor, before, server);
  if (!plan) return at(plan.error());
  if (plan->step == Step::unchanged) return Done{};
  auto done = options.undo ? write_removal(world, target, file, *plan, *known, how_it_was)
                           : write_registration(world, target, file, *plan, known);
  if (done && plan->after != before)
    done->difference = difference(before, plan->after, own_words(target, before, server));
  return done;
}

Result<Done> change(const World& world, const SetupOptions& options, const Target& target) {
  const auto failed = [&](Error error) {
    error.what.insert(0, "setup: ");
    if (error.hint.empty() && error.code == Code::permission_denied) error.hint = print_hint(target);
    return tl::unexpected(std::move(error));
  };
  const auto lock = lock_changes(world);
  if (!lock) return failed(lock.error());
  const auto file = open_settings(target.path);
  if (!file) return failed(file.error());
  auto done = plan_and_write(world, options, target, *file);
  if (!done) return failed(done.error());
  return done;
}

ErrorKind kind_of_settings(const Error& error) {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::data_loss:
    case Code::not_found: return ErrorKind::configuration;
    case Code::busy:
    case Code::permission_denied: return ErrorKind::blocked;
    default: return ErrorKind::internal;
  }
}

/// What the user should know once delegate is registered.
void note_registration(const CommandContext& context, const Target& target) {
  const Editor& editor = target.editor;
  if (!editor.note.empty()) context.output.note("delegate: " + std::string(editor.note));
  if (!editor.is_tried())
    context.output.note("delegate: not tried with " + std::string(editor.title) + ": the entry follows " +
                        std::string(editor.source));
  if (target.scope == Scope::project && !find_executable(kProgram, context.world.variable("PATH")))
    context.output.note("delegate: the entry names the program `delegate`, which is not on your PATH");
}

CommandResult apply(const CommandContext& context, const SetupOptions& options, const Editor& editor) {
  const World& world = context.world;
  const Output& output = context.output;
  const auto target = target_of(world, options, editor);
  if (!target) {
    const bool is_usage = target.error().code == Code::invalid_argument;
    return fail_as(is_usage ? ErrorKind::usage : kind_of_settings(target.error()), target.error());
  }
  const auto done = change(world, options, *target);
  if (!done) return fail_as(kind_of_settings(done.error()), done.error());
  output.note(sentence(world, *target, done->step));
  if (done->step == Step::registered || done->step == Step::updated) note_registration(context, *target);
  if (!done->note.empty()) output.note("delegate: " + done->note);
  if (!world.json) return output.quote(done->difference);
  OrderedJson object{{"schema", "delegate.setup_change/1"},
                     {"editor", editor.name},
                     {"file", target->path},
                     {"change", name_of(done->step)}};
  put(object, "difference", done->difference);
  return output.quote(dump(object) + "\n");
}

/// A name of a variable, never NAME=value: values are not written into files.
std::optional<Error> wrong_variable(const SetupOptions& options, const Editor* editor) {
  for (const std::string& name : options.variables) {
    const bool is_name = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!is_name)
      return Error{Code::invalid_argument,
                   "setup: --env: '" + one_line(name.substr(0, name.find('=')), 80) + "' is not just a name",
                   "only the name is written, as --env NAME; the editor passes the value on"};
  }
  if (!options.variables.empty() && editor != nullptr && !editor->takes_variables())
    return Error{Code::invalid_argument,
                 "setup: --env: " + std::string(editor->name) + " has no way to name a variable in its settings",
                 editor->passes == Passes::all ? "it passes on all of its own variables"
                                               : "whether it passes on its own variables is not documented"};
  return std::nullopt;
}

CommandResult run_setup(const CommandContext& context, const SetupOptions& options) {
  const World& world = context.world;
  const Editor* const editor = editor_named(options.editor);  // the parser has checked the name
  if (const auto wrong = wrong_variable(options, editor)) return fail_as(ErrorKind::usage, *wrong);
  if (options.print && options.project && editor != nullptr && editor->project_file.empty())
    return fail_as(ErrorKind::usage, no_project_settings(*editor).value());
  if (options.print) return print(world, context.output, options, editor);
  if (editor != nullptr) return apply(context, options, *editor);
  if (options.undo || options.project || options.allow_write || !options.variables.empty())
    return fail_as(ErrorKind::usage,
                   {Code::invalid_argument, "setup: EDITOR is missing", "`delegate setup` lists the installed ones"});
  return list(world, context.output);
}

}  // namespace

extern constexpr CommandRow kSetup{
    .name = "setup",
    .group = kSetUpGroup,
    .help = "Register `delegate mcp` with an editor",
    .more =
        "Adds delegate to the MCP servers of an editor or agent and shows the change. Nothing else in that file "
        "changes: comments, order and line ends stay. If XDG_CONFIG_HOME or XDG_STATE_HOME is set, its name is "
        "registered so that the editor passes it on. A second run changes nothing; an entry of an older delegate is "
        "updated.",
    .options = kSetupOptions,
    .examples = kSetupExamples,
    .exclusions = kSetupExclusions,
    .run = run_with<run_setup>};

}  // namespace delegate::cli
