#include "core/config/report.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/config/paths.hpp"

namespace delegate {
namespace {

std::string key_and_line(const ConfigProblem& problem) {
  const std::string meant = problem.meant.empty() ? "" : ", " + did_you_mean(problem.meant);
  return problem.key + " (line " + std::to_string(problem.origin.line) + meant + ")";
}

Error untrusted(const Configured& configured, const std::vector<std::string>& settings) {
  const std::string& path = configured.sources.project_file->path;
  const bool changed = configured.sources.project_trust == ProjectTrust::changed;
  std::string what = path + (changed ? ": has changed since it was trusted, and sets " : ": not trusted, but sets ") +
                     listed(settings);
  return {Code::permission_denied, std::move(what), trust_hint(path)};
}

/// The part with the user name begins after `://`, or with the host if there is no scheme, and ends before the path.
std::string without_userinfo(std::string text, std::size_t begin) {
  const std::size_t end = std::min(text.find_first_of("/?# \"", begin), text.size());
  const std::size_t at = text.substr(0, end).rfind('@');
  if (at != std::string::npos && at >= begin) text.replace(begin, at - begin, "***");
  return text;
}

}  // namespace

ConfigVerdict verdict_on(const Configured& configured) {
  ConfigVerdict verdict;
  std::vector<std::string> settings;
  for (const ConfigProblem& problem : configured.loaded.problems)
    if (problem.needs_trust) settings.push_back(key_and_line(problem));
    else verdict.errors.push_back({Code::invalid_argument, to_string(problem), problem.hint});
  verdict.lacks_trust = !settings.empty();
  verdict.lacks_only_trust = verdict.lacks_trust && verdict.errors.empty();
  if (!settings.empty()) verdict.errors.push_back(untrusted(configured, settings));
  return verdict;
}

std::string listed(const std::vector<std::string>& keys) {
  constexpr std::size_t kMost = 12;
  const std::size_t shown = std::min(keys.size(), kMost);
  std::string text = join({keys.data(), shown}, ", ");
  if (keys.size() > shown) text += " and " + std::to_string(keys.size() - shown) + " more";
  return text;
}

std::vector<std::string> files_of(const Configured& configured) {
  std::vector<std::string> files;
  for (const auto& file : {configured.sources.user_file, configured.sources.project_file})
    if (file) files.push_back(file->path);
  return files;
}

std::vector<std::string> variables_of(const Config& config) {
  std::set<std::string> names;
  for (const auto& [key, origin] : config.origins)
    if (origin.layer == Layer::environment) names.insert(origin.source);
  return {names.begin(), names.end()};
}

std::string origin_text(const ProcessFacts& process, const Configured& configured, const Origin& origin) {
  if (origin.layer == Layer::built_in) return "built-in";
  if (origin.layer == Layer::environment) return origin.source;
  std::string text = one_line(with_tilde(process, origin.source), 1000) + ":" + std::to_string(origin.line);
  const bool trusted = configured.sources.project_trust == ProjectTrust::trusted;
  if (origin.layer == Layer::project_file && trusted) text += ", trusted";
  return text;
}

std::string Masking::masked(const std::string& key, std::string text) const {
  const std::size_t scheme = text.find("://");
  const bool is_url = key.ends_with(".url");
  if (scheme == std::string::npos && is_url) text = without_userinfo(std::move(text), 0);
  for (std::size_t at = scheme; at != std::string::npos; at = text.find("://", at + 3))
    text = without_userinfo(std::move(text), at + 3);
  return redact_(std::move(text));
}

PlainValue Masking::operator()(const ConfigValue& value) const {
  PlainValue out = value.value;
  if (auto* text = std::get_if<std::string>(&out)) *text = masked(value.key, std::move(*text));
  if (auto* texts = std::get_if<std::vector<std::string>>(&out))
    for (std::string& text : *texts) text = masked(value.key, std::move(text));
  return out;
}

}  // namespace delegate
