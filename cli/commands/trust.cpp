#include <algorithm>
#include <system_error>

#include <nlohmann/json.hpp>

#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/config/paths.hpp"
#include "core/config/project_file.hpp"
#include "core/config/trusted.hpp"

namespace delegate::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Why nothing was done; the last of the errors is the one that a script hears.
struct Refusal {
  std::vector<Error> errors;
  int exit_code = kInternal;
  std::string_view outcome = "internal";
};
/// What goes to stdout, as JSON or as text.
struct Said {
  Json json;
  std::string text;
};
using Answer = tl::expected<Said, Refusal>;

tl::unexpected<Refusal> refuse(Error error, int exit_code, std::string_view outcome) {
  return tl::unexpected(Refusal{{std::move(error)}, exit_code, outcome});
}
tl::unexpected<Refusal> misconfigured(Error error) { return refuse(std::move(error), kConfiguration, "configuration"); }
/// What is damaged or in the wrong hands is the person's to mend; the rest is the machine's refusal.
tl::unexpected<Refusal> store_failed(const Error& error) {
  const bool mendable = error.code == Code::data_loss || error.code == Code::invalid_argument;
  return mendable ? misconfigured(error) : refuse(error, kInternal, "internal");
}

std::string shown(const std::string& path) { return one_line(path, 4000); }

/// DIR as the person wrote it: from here, and a delegate.toml stands for its directory.
Path directory_of(const World& world, const TrustCommand& command) {
  Path path = (Path(world.cwd) / command.directory).lexically_normal();
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  return path.filename() == "delegate.toml" && !std::filesystem::is_directory(path) ? path.parent_path() : path;
}

tl::expected<ConfigFile, Refusal> found_file(const World& world, const Path& directory) {
  std::error_code ignored;  // what cannot be looked at is no directory for us
  if (directory.empty())
    return refuse({Code::not_found, "trust: the working directory does not exist any more",
                   "name the project's: `delegate trust DIR`"},
                  kUsage, "usage");
  if (!std::filesystem::is_directory(directory, ignored))
    return refuse(
        {Code::not_found, "trust: " + directory.string() + ": is no directory", "give the one that the file is in"},
        kUsage, "usage");
  auto search = search_project_file(world, directory.string());
  if (!search) return misconfigured(search.error());
  if (!search->file)
    return misconfigured({Code::not_found,
                          "trust: no delegate.toml from " + directory.string() + " upwards: " + search->ended,
                          "a project's file is called delegate.toml"});
  if (!search->file->ignored.empty())
    return refuse({Code::permission_denied, "trust: " + search->file->path + ": " + search->file->ignored,
                   "only a file of yours, or of root, that not everybody may write to can be trusted"},
                  kBlocked, "blocked");
  return ConfigFile{search->file->path, search->file->text};
}

/// The project's file in the light of the person's own, which says what backends there are; when that one has problems
/// it says nothing.
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

tl::expected<std::vector<RestrictedSetting>, Refusal> restricted_settings(const World& world, const ConfigFile& file) {
  LoadedConfig loaded = load_for_trust(world, file);
  Refusal refusal{{}, kConfiguration, "configuration"};
  for (const ConfigProblem& problem : loaded.problems)
    if (problem.origin.layer == Layer::project_file)
      refusal.errors.push_back({Code::invalid_argument, to_string(problem), problem.hint});
  if (refusal.errors.empty()) return std::move(loaded.restricted);
  refusal.errors.push_back({Code::invalid_argument, "trust: " + file.path + ": not trusted: it has mistakes", ""});
  return tl::unexpected(std::move(refusal));
}

/// Nothing is masked here: what the person agrees to must be seen whole.
Said agreed(const ConfigFile& file, const std::vector<RestrictedSetting>& settings, const std::string& how) {
  Said said{{{"schema", "delegate.trust/1"},
             {"path", file.path},
             {"trusted", !settings.empty()},
             {"restricted", Json::array()}},
            {}};
  for (const RestrictedSetting& setting : settings) {
    const std::string& value = setting.value;
    said.text += "line " + std::to_string(setting.origin.line) + ": " + one_line(setting.key, 200) +
                 (value.empty() ? " (a new backend)" : " = " + value) + "\n";
    said.json["restricted"].push_back({{"key", setting.key}, {"value", value}, {"line", setting.origin.line}});
  }
  said.text += shown(file.path) + " " + how + "\n";
  return said;
}

Answer trust(const World& world, const Path& directory) {
  const auto file = found_file(world, directory);
  if (!file) return tl::unexpected(file.error());
  const auto settings = restricted_settings(world, *file);
  if (!settings) return tl::unexpected(settings.error());
  if (settings->empty()) return agreed(*file, {}, "sets nothing that needs trust: it is used as it is");
  const std::string store = trusted_path(world);
  if (store.empty())
    return misconfigured(
        {Code::not_found, "trust: no place to remember it: neither XDG_STATE_HOME nor HOME is set", ""});
  const auto before = read_trusted(store);
  if (!before) return store_failed(before.error());
  if (trust_of(*before, *file) == ProjectTrust::trusted)
    return agreed(*file, *settings, "is trusted already; a change to it ends that");
  const std::string now = format_rfc3339(world.clock.now().wall);
  if (const Status remembered = remember(store, {file->path, file->text, now}); !remembered)
    return store_failed(remembered.error());
  return agreed(*file, *settings, "is trusted from now on; a change to it ends that");
}

std::string state_of(const TrustedFile& trusted) {
  std::error_code ignored;  // what cannot be looked at is gone for us
  if (!std::filesystem::exists(std::filesystem::symlink_status(trusted.path, ignored))) return "gone";
  const auto now = read_project_file(trusted.path);
  if (!now) return "cannot be read";
  if (!now->ignored.empty()) return "ignored: " + now->ignored;
  return now->text == trusted.text ? "trusted" : "changed since";
}

Answer list(const World& world) {
  const auto trusted = read_trusted(trusted_path(world));
  if (!trusted) return store_failed(trusted.error());
  Said said{{{"schema", "delegate.trust_list/1"}, {"files", Json::array()}}, {}};
  std::vector<std::vector<std::string>> rows{{"STATE", "SINCE", "FILE"}};
  for (const TrustedFile& file : *trusted) {
    const std::string state = state_of(file);
    rows.push_back({state, one_line(file.since, 40), shown(file.path)});
    said.json["files"].push_back({{"path", file.path}, {"state", state}, {"since", file.since}});
  }
  said.text = trusted->empty() ? "no project's file is trusted\n" : table(rows);
  return said;
}

/// The file of this very directory, be it gone, else the one that is found from there.
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
  return Said{{{"schema", "delegate.trust/1"}, {"path", path}, {"trusted", false}, {"forgotten", *forgotten}},
              shown(path) + (*forgotten ? " is trusted no longer\n" : ": was not trusted\n")};
}

Answer answer(const World& world, const TrustCommand& command) {
  if (command.list && (command.forget || !command.directory.empty()))
    return refuse({Code::invalid_argument, "trust: --list takes nothing else", "see `delegate trust --help`"}, kUsage,
                  "usage");
  if (command.list) return list(world);
  const Path directory = directory_of(world, command);
  return command.forget ? forget(world, directory) : trust(world, directory);
}

}  // namespace

int run_trust(const World& world, const TrustCommand& command) {
  const Output output(world);
  const Answer said = answer(world, command);
  if (said)
    return output.quote(command.json ? said->json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                                     : said->text);
  const Refusal& refusal = said.error();
  for (const Error& error : refusal.errors)
    if (&error == &refusal.errors.back()) output.failure(error, refusal.outcome);
    else output.error(error);
  return refusal.exit_code;
}

}  // namespace delegate::cli
