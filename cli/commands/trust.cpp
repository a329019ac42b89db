#include <algorithm>
#include <system_error>

#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/config/paths.hpp"
#include "core/config/project_file.hpp"
#include "core/config/trusted.hpp"

namespace delegate::cli {
namespace {

struct TrustOptions {
  std::string directory;  // empty: here
  bool list = false;
  bool forget = false;
};
constexpr OptionRow kTrustOptions[] = {
    {.value = "DIR",
     .help = "Directory of the project (default: search from here)",
     .kind = ValueKind::directories,
     .store = into<&TrustOptions::directory>},
    {.names = "--list", .help = "List trusted files", .store = into<&TrustOptions::list>},
    {.names = "--forget", .help = "No longer trust the file", .store = into<&TrustOptions::forget>},
    json_flag("Print JSON"),
};
constexpr Exclusion kTrustExclusions[] = {{"--list", {"--forget", "DIR"}, "--list shows all trusted files"}};

/// What goes to stdout, as JSON or as text.
struct Report {
  OrderedJson json;
  std::string text;
};
using Answer = tl::expected<Report, CommandError>;

tl::unexpected<CommandError> misconfigured(Error error) { return fail_as(ErrorKind::configuration, std::move(error)); }
/// A list that is damaged or has the wrong owner can be fixed by the user; other failures are internal.
tl::unexpected<CommandError> store_failed(const Error& error) {
  const bool can_be_fixed = error.code == Code::data_loss || error.code == Code::invalid_argument;
  return can_be_fixed ? misconfigured(error) : fail_as(ErrorKind::internal, error);
}

std::string shown(const std::string& path) { return one_line(path, 4000); }

/// DIR relative to the working directory; a delegate.toml stands for its directory.
Path directory_of(const World& world, const TrustOptions& options) {
  Path path = (Path(world.cwd) / options.directory).lexically_normal();
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  return path.filename() == "delegate.toml" && !std::filesystem::is_directory(path) ? path.parent_path() : path;
}

tl::expected<ConfigFile, CommandError> found_file(const World& world, const Path& directory) {
  std::error_code ignored;  // a path that cannot be read is no directory for us
  if (directory.empty())
    return fail_as(ErrorKind::usage, {Code::not_found, "trust: the working directory no longer exists",
                                      "name the directory of the project: `delegate trust DIR`"});
  if (!std::filesystem::is_directory(directory, ignored))
    return fail_as(ErrorKind::usage, {Code::not_found, "trust: " + directory.string() + ": not a directory",
                                      "name the directory that contains the file"});
  auto search = search_project_file(world, directory.string());
  if (!search) return misconfigured(search.error());
  if (!search->file)
    return misconfigured({Code::not_found,
                          "trust: no delegate.toml in " + directory.string() + " or above: " + search->ended,
                          "create one, or name the project's directory"});
  if (!search->file->ignored.empty())
    return fail_as(ErrorKind::blocked,
                   {Code::permission_denied, "trust: " + search->file->path + ": " + search->file->ignored,
                    "only a file that belongs to you or root and is not writable by everyone can be trusted"});
  return ConfigFile{search->file->path, search->file->text};
}

/// The project's file on top of the user's, which may define backends. A user file with problems is ignored.
LoadedConfig load_for_trust(const World& world, const ConfigFile& file) {
  ConfigSources sources;
  sources.project_file = file;
  sources.project_trust = ProjectTrust::trusted;
  LoadedConfig alone = load_config(sources);
  const std::string user = user_config_path(world);
  auto text = read_file(user, 1u << 20);
  if (user.empty() || !text) return alone;
  sources.user_file = ConfigFile{user, *std::move(text)};
  LoadedConfig both = load_config(sources);
  const auto is_users = [](const ConfigProblem& problem) { return problem.origin.layer == Layer::user_file; };
  return std::any_of(both.problems.begin(), both.problems.end(), is_users) ? alone : both;
}

tl::expected<std::vector<RestrictedSetting>, CommandError> restricted_settings(const CommandContext& context,
                                                                               const ConfigFile& file) {
  LoadedConfig loaded = load_for_trust(context.world, file);
  bool is_valid = true;
  for (const ConfigProblem& problem : loaded.problems)
    if (problem.origin.layer == Layer::project_file) {
      context.output.error({Code::invalid_argument, to_string(problem), problem.hint});
      is_valid = false;
    }
  if (is_valid) return std::move(loaded.restricted);
  return misconfigured({Code::invalid_argument, "trust: " + file.path + ": not trusted: it has errors", ""});
}

/// No value is masked here: the user must see everything that becomes trusted.
Report describe(const ConfigFile& file, const std::vector<RestrictedSetting>& settings, const std::string& how) {
  Report report{{{"schema", "delegate.trust/1"},
                 {"path", file.path},
                 {"trusted", !settings.empty()},
                 {"restricted", OrderedJson::array()}},
                {}};
  for (const RestrictedSetting& setting : settings) {
    const std::string& value = setting.value;
    report.text += "line " + std::to_string(setting.origin.line) + ": " + one_line(setting.key, 200) +
                   (value.empty() ? " (a new backend)" : " = " + value) + "\n";
    report.json["restricted"].push_back({{"key", setting.key}, {"value", value}, {"line", setting.origin.line}});
  }
  report.text += shown(file.path) + " " + how + "\n";
  return report;
}

Answer trust(const CommandContext& context, const Path& directory) {
  const World& world = context.world;
  const auto file = found_file(world, directory);
  if (!file) return tl::unexpected(file.error());
  const auto settings = restricted_settings(context, *file);
  if (!settings) return tl::unexpected(settings.error());
  if (settings->empty()) return describe(*file, {}, "sets nothing that needs trust: it is used as it is");
  const std::string store = trusted_path(world);
  if (store.empty())
    return misconfigured({Code::not_found, "trust: no place to store it: neither XDG_STATE_HOME nor HOME is set", ""});
  const auto before = read_trusted(store);
  if (!before) return store_failed(before.error());
  if (trust_of(*before, *file) == ProjectTrust::trusted)
    return describe(*file, *settings, "is already trusted until it changes");
  const std::string now = format_rfc3339(world.clock.now().wall);
  if (const Status remembered = remember(store, {file->path, file->text, now}); !remembered)
    return store_failed(remembered.error());
  return describe(*file, *settings, "is now trusted until it changes");
}

std::string state_of(const TrustedFile& trusted) {
  std::error_code ignored;  // a path that cannot be read counts as gone
  if (!std::filesystem::exists(std::filesystem::symlink_status(trusted.path, ignored))) return "gone";
  const auto now = read_project_file(trusted.path);
  if (!now) return "cannot be read";
  if (!now->ignored.empty()) return "ignored: " + now->ignored;
  return now->text == trusted.text ? "trusted" : "changed since";
}

Answer list(const World& world) {
  const auto trusted = read_trusted(trusted_path(world));
  if (!trusted) return store_failed(trusted.error());
  Report report{{{"schema", "delegate.trust_list/1"}, {"files", OrderedJson::array()}}, {}};
  std::vector<std::vector<std::string>> rows{{"STATE", "SINCE", "FILE"}};
  for (const TrustedFile& file : *trusted) {
    const std::string state = state_of(file);
    rows.push_back({state, one_line(file.since, 40), shown(file.path)});
    report.json["files"].push_back({{"path", file.path}, {"state", state}, {"since", file.since}});
  }
  report.text = trusted->empty() ? "no project file is trusted\n" : table(rows);
  return report;
}

/// The file of this directory, even if it no longer exists; else the one that a search from there finds.
Answer forget(const World& world, const Path& directory) {
  const std::string store = trusted_path(world);
  std::error_code error;
  const Path real = std::filesystem::weakly_canonical(directory, error);
  std::string path = ((error ? directory : real) / "delegate.toml").string();
  auto forgotten = delegate::forget(store, path);
  if (forgotten && !*forgotten) {
    const auto search = search_project_file(world, directory.string());
    if (search && search->file) path = search->file->path;
    forgotten = delegate::forget(store, path);
  }
  if (!forgotten) return store_failed(forgotten.error());
  return Report{{{"schema", "delegate.trust/1"}, {"path", path}, {"trusted", false}, {"forgotten", *forgotten}},
                shown(path) + (*forgotten ? " is no longer trusted\n" : ": was not trusted\n")};
}

Answer answer(const CommandContext& context, const TrustOptions& options) {
  if (options.list) return list(context.world);
  const Path directory = directory_of(context.world, options);
  return options.forget ? forget(context.world, directory) : trust(context, directory);
}

CommandResult run_trust(const CommandContext& context, const TrustOptions& options) {
  TRY(const Report report, answer(context, options));
  return context.output.quote(context.world.json
                                  ? report.json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n"
                                  : report.text);
}

}  // namespace

extern constexpr CommandRow kTrust{.name = "trust",
                                   .group = kSetUpGroup,
                                   .help = "Trust this project's delegate.toml to set commands and URLs",
                                   .options = kTrustOptions,
                                   .exclusions = kTrustExclusions,
                                   .run = run_with<run_trust>};

}  // namespace delegate::cli
