#include <algorithm>
#include <filesystem>

#include "backends/ollama_host.hpp"
#include "backends/registry.hpp"
#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/json.hpp"
#include "core/base/redact.hpp"
#include "core/config/paths.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"
#include "core/run/hints.hpp"

namespace delegate::cli {
namespace {

/// The built-in backends in the built-in order, parted by what this machine has.
struct Inventory {
  std::vector<std::string> installed;
  std::vector<std::string> missing;
};

Inventory inventory(const World& world, const Config& built_in) {
  Inventory out;
  for (const std::string& name : built_in.router.order) {
    const BackendSettings& settings = *built_in.backend(name);
    // A server cannot be seen on PATH; as the last resort it costs nothing while it is not there.
    const bool there =
        settings.command.empty() || find_executable(settings.command.front(), world.variable("PATH")).has_value();
    (there ? out.installed : out.missing).push_back(name);
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
  return "[router]\n# What `--backend auto` tries, first to last.\norder = " + to_toml(here.installed) + "\n" +
         missing_text(built_in, here.missing) + "# The same for light tasks (summarize, explain, docstring, ask)." +
         " The local model first saves tokens:\n# order_light = " + to_toml(light) + "\n" +
         line("# timeout = \"15m\"", "the whole run, all backends together") +
         line("# fallback = true", "false: only the first one is asked");
}

std::string backend_text(const BackendSettings& settings) {
  return "\n[backends." + settings.name + "]\n" + line("# model = \"\"", "empty: its own default") +
         line("# timeout = \"10m\"", "one call") +
         line("# max_parallel = 3", "calls at the same time on this machine") +
         line("# enabled = true", "false: never used");
}

std::string ollama_text(const World& world) {
  std::string out = "\n# The local model: the last resort when everything else is open or failed.\n[backends.ollama]\n";
  const std::string host = world.variable("OLLAMA_HOST");
  const std::string url = ollama_base_url(host);
  const bool has_blank =
      std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
  if (trim(host).empty()) out += line("# url = \"\"", "empty: OLLAMA_HOST, else http://127.0.0.1:11434");
  else if (has_blank || without_credentials(url) != url || Redactor(world.environment).finds_secret(url))
    out += "# url: as OLLAMA_HOST has it\n";
  else out += line("url = " + to_toml(url), "as OLLAMA_HOST had it");
  return out + line("# model = \"\"", "empty: chosen from what is installed") +
         line("# num_ctx = 0", "context window in tokens; 0: as the server has it");
}

std::string starter_file(const World& world) {
  const Config built_in = built_in_config();
  const Inventory here = inventory(world, built_in);
  std::string out =
      "# Settings of delegate. A line that begins with # changes nothing; most of them show the built-in value.\n"
      "#   delegate config show     every key, its value, and where it was set\n"
      "#   delegate config check    everything that is wrong with this file\n"
      "#   man delegate             what each key means\n"
      "# Stronger than this file: a project's delegate.toml, then DELEGATE_* variables, then options.\n\n";
  out += router_text(built_in, here);
  out += "\n# A backend that fails this often in a row is skipped, until a probe succeeds.\n[breaker]\n" +
         line("# threshold = 3", "failures in a row") + line("# cooldown = \"60s\"", "from then to the first probe");
  for (const std::string& name : here.installed)
    if (name != "ollama") out += backend_text(*built_in.backend(name));
  out += ollama_text(world);
  out += "\n[history]\n" + line("# limit = 1000", "runs that are kept") +
         line("# keep_prompts = false", "true: keep what was asked, too");
  return out;
}

/// Beside the file that a link points to, so that a link into one's own collection of settings stays one.
Path target_of(const Path& path) {
  std::error_code error;
  Path real = std::filesystem::canonical(path, error);
  return error ? path : real;
}

Status write_starter(const Path& path, const std::string& text, bool force) {
  std::error_code error;
  const bool there = std::filesystem::exists(std::filesystem::symlink_status(path, error));
  if (there && !force)
    return fail(Code::invalid_argument, "config init: " + path.string() + ": is there already",
                "--force writes over it, --print shows what would be written");
  const Status made = path.has_parent_path() ? make_private_directory(path.parent_path()) : Status();
  if (!made) return fail(Code::unavailable, "config init: " + made.error().what);
  if (const Status written = write_private_file(target_of(path), text); !written)
    return fail(Code::unavailable, "config init: " + written.error().what);
  return {};
}

int print(const Output& output, bool json, const std::string& text) {
  const Json object{{"schema", "delegate.config_init/1"}, {"text", text}};
  return output.answer(json ? object.dump() + "\n" : text);
}

}  // namespace

int run_config_init(const World& world, const std::string& config_file, const ConfigCommand& command) {
  const Output output(world);
  const std::string text = starter_file(world);
  if (command.print) return print(output, command.json, text);
  std::string path = config_file.empty() ? world.variable("DELEGATE_CONFIG") : config_file;
  if (path.empty()) path = user_config_path(world);
  if (path.empty()) {
    output.failure({Code::not_found, "config init: no place for the file: neither XDG_CONFIG_HOME nor HOME is set",
                    "name one with --config FILE, or use --print"},
                   "configuration");
    return kConfiguration;
  }
  if (const Status written = write_starter(path, text, command.force); !written) {
    const bool refused = written.error().code == Code::invalid_argument;
    output.failure(written.error(), refused ? "configuration" : "internal");
    return refused ? kConfiguration : kInternal;
  }
  const Json object{{"schema", "delegate.config_init/1"}, {"path", path}};
  const std::string said = one_line(path, 4000) + " is written; `delegate config show` tells every value\n";
  return output.answer(command.json ? object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : said);
}

}  // namespace delegate::cli
