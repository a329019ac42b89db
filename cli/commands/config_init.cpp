#include <algorithm>
#include <filesystem>

#include "backends/ollama_host.hpp"
#include "backends/registry.hpp"
#include "cli/commands/context.hpp"
#include "core/base/json.hpp"
#include "core/base/redact.hpp"
#include "core/config/paths.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"
#include "core/run/hints.hpp"

namespace delegate::cli {
namespace {

struct InitOptions {
  bool print = false;
  bool force = false;
};
constexpr OptionRow kConfigInitOptions[] = {
    {.names = "--print", .help = "Print the file instead of writing it", .store = into<&InitOptions::print>},
    {.names = "--force", .help = "Overwrite an existing file", .store = into<&InitOptions::force>},
    json_flag("Print JSON"),
};

/// The built-in backends in the built-in order, split by what this machine has.
struct Inventory {
  std::vector<std::string> installed;
  std::vector<std::string> missing;
};

Inventory inventory(const World& world, const Config& built_in) {
  Inventory out;
  for (const std::string& name : built_in.router.order.names) {
    const BackendSettings& settings = *built_in.backend(name);
    // A server is not on PATH; as the last resort it costs nothing while it is not running.
    const bool is_there =
        settings.command.empty() || find_executable(settings.command.front(), world.variable("PATH")).has_value();
    (is_there ? out.installed : out.missing).push_back(name);
  }
  return out;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

/// A setting and what it means, in columns.
std::string line(const std::string& setting, const std::string& meaning) {
  return padded(setting, 36) + "  # " + meaning + "\n";
}

std::string missing_text(const Config& built_in, const std::vector<std::string>& missing) {
  if (missing.empty()) return {};
  std::string out = "# Not installed here. To use one, install it and add its name to the order:\n";
  for (const std::string& name : missing) {
    const BackendSettings& settings = *built_in.backend(name);
    const Backend* backend = find_backend(settings.kind);
    const Failure absent{.outcome = Outcome::not_installed};
    out += "#   " + padded(name, 8) + (backend ? hint_for(*backend, Task{.settings = settings}, absent) : "") + "\n";
  }
  return out;
}

std::string router_text(const Config& built_in, const Inventory& here) {
  std::vector<std::string> light(here.installed.rbegin(), here.installed.rend());
  return "[router]\n# The backends that `--backend auto` tries, in this order.\norder = " + to_toml(here.installed) +
         "\n" + missing_text(built_in, here.missing) +
         "# The same for light tasks (summarize, explain, docstring, ask)." +
         " The local model first saves tokens:\n# order_light = " + to_toml(light) + "\n" +
         line("# timeout = \"15m\"", "the whole run, all backends together") +
         line("# fallback = true", "false: only the first one is tried");
}

std::string backend_text(const BackendSettings& settings) {
  return "\n[backends." + settings.name + "]\n" + line("# model = \"\"", "empty: the default of the tool") +
         line("# timeout = \"10m\"", "one call") + line("# max_parallel = 3", "parallel calls on this machine") +
         line("# enabled = true", "false: never used");
}

std::string ollama_text(const World& world) {
  std::string out =
      "\n# The local model: the last resort when all others are skipped or have failed.\n[backends.ollama]\n";
  const std::string host = world.variable("OLLAMA_HOST");
  const std::string url = ollama_base_url(host);
  const bool has_blank =
      std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
  if (trim(host).empty()) out += line("# url = \"\"", "empty: OLLAMA_HOST, else http://127.0.0.1:11434");
  else if (has_blank || without_credentials(url) != url || Redactor(world.environment).finds_secret(url))
    out += "# url: from OLLAMA_HOST\n";
  else out += line("url = " + to_toml(url), "from OLLAMA_HOST");
  return out + line("# model = \"\"", "empty: chosen from what is installed") +
         line("# num_ctx = 0", "context window in tokens; 0: the setting of the server");
}

std::string starter_file(const World& world) {
  const Config built_in = built_in_config();
  const Inventory here = inventory(world, built_in);
  std::string out =
      "# Settings of delegate. Lines that begin with # are comments; most of them show the built-in value.\n"
      "#   delegate config show     every key, its value, and where it was set\n"
      "#   delegate config check    all problems of this file\n"
      "#   man delegate             what each key means\n"
      "# Each of these overrides the one before: this file, a project's delegate.toml, DELEGATE_* variables, "
      "options.\n\n";
  out += router_text(built_in, here);
  out += "\n# A backend that fails this often in a row is skipped until a probe succeeds.\n[breaker]\n" +
         line("# threshold = 3", "failures in a row") + line("# cooldown = \"60s\"", "time until the first probe");
  for (const std::string& name : here.installed)
    if (name != "ollama") out += backend_text(*built_in.backend(name));
  out += ollama_text(world);
  out += "\n[history]\n" + line("# limit = 1000", "runs to keep") +
         line("# keep_prompts = false", "true: keep prompts, too") +
         line("# summary = 80", "characters kept of each prompt; 0: none") +
         line("# last_answers = \"1d\"", "how long each answer is kept; 0: not");
  return out;
}

/// The target of a symbolic link: the link itself stays.
Path target_of(const Path& path) {
  std::error_code error;
  Path real = std::filesystem::canonical(path, error);
  return error ? path : real;
}

Status write_starter(const Path& path, const std::string& text, bool force) {
  std::error_code error;
  const bool exists = std::filesystem::exists(std::filesystem::symlink_status(path, error));
  if (exists && !force)
    return fail(Code::invalid_argument, "config init: " + path.string() + ": already exists",
                "--force overwrites it, --print shows what would be written");
  const Status made = path.has_parent_path() ? make_private_directory(path.parent_path()) : Status();
  if (!made) return fail(Code::unavailable, "config init: " + made.error().what);
  if (const Status written = write_private_file(target_of(path), text); !written)
    return fail(Code::unavailable, "config init: " + written.error().what);
  return {};
}

int print(const Output& output, bool json, const std::string& text) {
  const OrderedJson object{{"schema", "delegate.config_init/1"}, {"text", text}};
  return output.answer(json ? object.dump() + "\n" : text);
}

CommandResult run_config_init(const CommandContext& context, const InitOptions& options) {
  const World& world = context.world;
  const std::string text = starter_file(world);
  if (options.print) return print(context.output, world.json, text);
  std::string path = world.config_file.empty() ? world.variable("DELEGATE_CONFIG") : world.config_file;
  if (path.empty()) path = user_config_path(world);
  if (path.empty())
    return fail_as(ErrorKind::configuration,
                   {Code::not_found, "config init: no place for the file: neither XDG_CONFIG_HOME nor HOME is set",
                    "name one with --config FILE, or use --print"});
  if (const Status written = write_starter(path, text, options.force); !written) {
    const bool is_refused = written.error().code == Code::invalid_argument;
    return fail_as(is_refused ? ErrorKind::configuration : ErrorKind::internal, written.error());
  }
  const OrderedJson object{{"schema", "delegate.config_init/1"}, {"path", path}};
  const std::string said = one_line(path, 4000) + " written; `delegate config show` lists all values\n";
  return context.output.answer(world.json ? object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n"
                                          : said);
}

}  // namespace

extern constexpr CommandRow kConfigInit{.name = "config init",
                                        .group = kSetUpGroup,
                                        .help = "Write a commented file that fits this machine",
                                        .options = kConfigInitOptions,
                                        .run = run_with<run_config_init>};

}  // namespace delegate::cli
