#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/render/config_json.hpp"
#include "cli/render/render.hpp"
#include "core/config/report.hpp"

namespace delegate::cli {
namespace {

using Words = std::vector<std::string>;

bool is_within(const std::string& key, const std::string& word) { return key == word || key.starts_with(word + "."); }

/// `breaker.cooldown`, `breaker`, `backends.gemini`, and `gemini` for short.
bool selects(const std::string& word, const std::string& key) {
  return is_within(key, word) || is_within(key, "backends." + word);
}

Error unknown_key(const Config& config, const std::vector<ConfigValue>& values, const std::string& word) {
  Words names{"backends"};
  for (const auto& [name, backend] : config.backends) names.insert(names.end(), {name, "backends." + name});
  std::string meant;
  for (const ConfigValue& value : values) {
    if (meant.empty() && value.key.ends_with("." + word)) meant = value.key;
    names.push_back(value.key);
    names.push_back(value.key.substr(0, value.key.find('.')));
  }
  if (const std::string_view near = nearest(word, names); !near.empty()) meant = near;
  return {Code::not_found, "config show: '" + one_line(word, 80) + "' is no key, section or backend",
          meant.empty() ? "see `delegate config show`" : "did you mean `" + meant + "`?"};
}

/// The values that the words ask for, all when there are none; or the first word that asks for nothing.
Result<std::vector<ConfigValue>> selected(const Config& config, const Words& words) {
  const std::vector<ConfigValue> all = values_of(config);
  std::vector<ConfigValue> out;
  for (const std::string& word : words)
    if (std::none_of(all.begin(), all.end(), [&](const ConfigValue& value) { return selects(word, value.key); }))
      return tl::unexpected(unknown_key(config, all, word));
  for (const ConfigValue& value : all)
    if (words.empty() ||
        std::any_of(words.begin(), words.end(), [&](const std::string& word) { return selects(word, value.key); }))
      out.push_back(value);
  return out;
}

int show(const World& world, const Configured& configured, const ConfigCommand& command) {
  const Output output(world);
  const ConfigVerdict verdict = verdict_on(configured);
  auto values = selected(configured.loaded.config, command.keys);
  if (!values) {
    for (const Error& error : verdict.errors) output.error(error);  // it may be why the key is not known
    output.failure(values.error(), "usage");
    return kUsage;
  }
  const Masking masked(world);
  for (ConfigValue& value : *values) value.value = masked(value);
  std::string text;
  if (command.json) {
    text = show_json(configured, *values) + "\n";
  } else {
    std::vector<Words> rows;
    for (const ConfigValue& value : *values)
      rows.push_back(
          {"(" + origin_text(world, configured, value.origin) + ")", value.key + " = " + to_toml(value.value)});
    text = table(rows);
  }
  const int written = output.quote(text);
  if (!command.json)
    for (const Error& error : verdict.errors) output.error(error);
  return written != 0 ? written : exit_code_of(verdict);
}

/// "~/.config/delegate/delegate.toml, /src/app/delegate.toml (trusted), DELEGATE_BREAKER_THRESHOLD".
std::string what_was_read(const Configured& configured) {
  Words read = files_of(configured);
  if (configured.sources.project_file && configured.sources.project_trust == ProjectTrust::trusted)
    read.back() += " (trusted)";
  const Words variables = variables_of(configured.loaded.config);
  if (read.empty() && variables.empty()) return "no file: the built-in values are used";
  if (read.empty()) read.emplace_back("no file");
  read.insert(read.end(), variables.begin(), variables.end());
  return join(read, ", ");
}

int check(const World& world, const Configured& configured, const ConfigCommand& command) {
  const Output output(world);
  const ConfigVerdict verdict = verdict_on(configured);
  if (command.json) {
    const int written = output.quote(check_json(configured) + "\n");
    return written != 0 ? written : exit_code_of(verdict);
  }
  if (verdict.errors.empty())
    return output.answer("configuration is valid (" + one_line(what_was_read(configured), 4000) + ")\n");
  for (const Error& error : verdict.errors) output.error(error);
  output.note("delegate: read: " + what_was_read(configured));
  return exit_code_of(verdict);
}

}  // namespace

int run_config(const World& world, const Configured& configured, const ConfigCommand& command) {
  return command.action == ConfigCommand::Action::show ? show(world, configured, command)
                                                       : check(world, configured, command);
}

}  // namespace delegate::cli
