#include "core/config/configured.hpp"

#include <filesystem>
#include <system_error>

#include "core/config/paths.hpp"
#include "core/config/project_file.hpp"
#include "core/config/report.hpp"
#include "core/config/trusted.hpp"
#include "core/os/checked_file.hpp"

namespace delegate {
namespace {

/// A person's own file, which may name any program: one that every user could change is refused, as ssh does. Named on
/// the command line it is no less a trap. Single users or a group that can change it are a choice of that person or of
/// an administrator, as with a mounted home.
Result<ConfigFile> load_file(const Path& path, std::vector<Error>& remarks) {
  TRY(CheckedFile file, read_checked_file(path, kLargestConfig));
  for (const std::string& sharer : file.sharers)
    remarks.push_back({Code::permission_denied, path.string() + ": " + sharer + ", so others decide what delegate runs",
                       "keep it if you want that"});
  return ConfigFile{path.string(), std::move(file.text)};
}

Status read_user_file(const ProcessFacts& process, Configured& out) {
  const Path path = user_config_path(process);
  std::error_code ignored;  // what cannot be examined counts as missing; a broken link does not
  if (path.empty() || !std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return {};
  TRY(out.sources.user_file, load_file(path, out.remarks));
  return {};
}

Status find_project_file(const ProcessFacts& process, const std::string& directory, Configured& out) {
  TRY(const ProjectSearch search, search_project_file(process, directory));
  if (!search.file) return {};
  if (search.file->ignored.empty()) out.sources.project_file = ConfigFile{search.file->path, search.file->text};
  else out.notices.push_back({Code::permission_denied, search.file->path + ": ignored: " + search.file->ignored, ""});
  return {};
}

/// The list of trusted files is read only if the file needs trust. The text that is compared is the text that is used.
void settle_trust(const ProcessFacts& process, Configured& out) {
  if (out.loaded.restricted.empty()) return;
  const auto trusted = read_trusted(trusted_path(process));
  if (!trusted) return out.notices.push_back(trusted.error());
  out.sources.project_trust = trust_of(*trusted, *out.sources.project_file);
  if (out.sources.project_trust != ProjectTrust::none) out.loaded = load_config(out.sources);
}

/// What an untrusted project's file sets but may not, or only for its own runs.
void report_held_back(Configured& out) {
  const auto report = [](const std::vector<RestrictedSetting>& settings, const std::string& before,
                         const std::string& after, std::vector<Error>& to) {
    if (settings.empty()) return;
    std::vector<std::string> keys;
    for (const RestrictedSetting& setting : settings)
      keys.push_back(setting.key + " (line " + std::to_string(setting.origin.line) + ")");
    const std::string& path = settings.front().origin.source;
    to.push_back({Code::permission_denied, path + before + listed(keys) + after, trust_hint(path)});
  };
  report(out.loaded.ignored, ": not trusted, so these are ignored: ", "", out.notices);
  const std::string applies = out.loaded.this_run.size() == 1 ? " applies" : " apply";
  report(out.loaded.this_run, ": not trusted: ", applies + ", but failures in this project's runs do not open breakers",
         out.remarks);
}

}  // namespace

Result<Configured> configure(const ProcessFacts& process, const std::string& config_file,
                             const std::string& directory) {
  Configured out;
  for (const auto& [name, value] : process.environment)
    if (name.starts_with("DELEGATE_")) out.sources.environment[name] = value;
  const std::string named = config_file.empty() ? process.variable("DELEGATE_CONFIG") : config_file;
  if (!named.empty()) {
    auto file = load_file(named, out.remarks);
    if (!file)
      return fail(file.error().code, (config_file.empty() ? "DELEGATE_CONFIG: " : "--config: ") + file.error().what,
                  file.error().code == Code::not_found ? "`delegate config init` writes one" : file.error().hint);
    out.sources.user_file = *std::move(file);
  } else {
    TRY_STATUS(read_user_file(process, out));
    TRY_STATUS(find_project_file(process, directory, out));
  }
  out.loaded = load_config(out.sources);
  settle_trust(process, out);
  for (const ConfigProblem& warning : out.loaded.warnings)
    out.notices.push_back({Code::invalid_argument, to_string(warning), warning.hint});
  for (const ConfigProblem& setting : out.loaded.without_effect)
    out.remarks.push_back({Code::invalid_argument, to_string(setting), setting.hint});
  report_held_back(out);
  return out;
}

}  // namespace delegate
