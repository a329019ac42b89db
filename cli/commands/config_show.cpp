#include <algorithm>

#include "cli/commands/context.hpp"
#include "cli/render/config_json.hpp"
#include "cli/render/table.hpp"
#include "core/base/text.hpp"
#include "core/config/report.hpp"

namespace delegate::cli {
namespace {

using Strings = std::vector<std::string>;

struct ShowOptions {
  Strings keys;  // only these, or those below them; empty: all
};
constexpr OptionRow kShowOptions[] = {
    {.value = "KEY", .help = "Only these keys or sections", .kind = ValueKind::keys, .store = into<&ShowOptions::keys>},
    json_flag("Print JSON"),
};

bool is_within(const std::string& key, const std::string& word) { return key == word || key.starts_with(word + "."); }

/// `breaker.cooldown`, `breaker`, `backends.gemini`, and `gemini` for short.
bool selects(const std::string& word, const std::string& key) {
  return is_within(key, word) || is_within(key, "backends." + word);
}

Error unknown_key(const Config& config, const std::vector<ConfigValue>& values, const std::string& word) {
  Strings names{"backends"};
  for (const auto& [name, backend] : config.backends) names.insert(names.end(), {name, "backends." + name});
  std::string meant;
  for (const ConfigValue& value : values) {
    if (meant.empty() && value.key.ends_with("." + word)) meant = value.key;
    names.push_back(value.key);
    names.push_back(value.key.substr(0, value.key.find('.')));
  }
  if (const std::string_view near = nearest(word, names); !near.empty()) meant = near;
  return {Code::not_found, "config show: no key, section or backend '" + one_line(word, 80) + "'",
          did_you_mean(meant, "see `delegate config show`")};
}

/// The values that the words ask for, all when there are none; or the first word that asks for nothing.
Result<std::vector<ConfigValue>> selected(const Config& config, const Strings& words) {
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

CommandResult show_config(const CommandContext& context, const ShowOptions& options) {
  const World& world = context.world;
  const Output& output = context.output;
  const Configured& configured = *context.configured;
  const ConfigVerdict verdict = verdict_on(configured);
  auto values = selected(configured.loaded.config, options.keys);
  if (!values) {
    for (const Error& error : verdict.errors) output.error(error);  // it may be why the key is not known
    return fail_as(ErrorKind::usage, values.error());
  }
  const Masking masked(world);
  for (ConfigValue& value : *values) value.value = masked(value);
  std::string text;
  if (context.world.json) {
    text = show_json(configured, *values) + "\n";
  } else {
    std::vector<Strings> rows;
    for (const ConfigValue& value : *values)
      rows.push_back(
          {"(" + origin_text(world, configured, value.origin) + ")", value.key + " = " + to_toml(value.value)});
    text = table(rows);
  }
  const int written = output.quote(text);
  if (!context.world.json)
    for (const Error& remark : configured.remarks) output.error(remark);
  if (!context.world.json)
    for (const Error& error : verdict.errors) output.error(error);
  return written != 0 ? written : exit_code_of(verdict);
}

}  // namespace

extern constexpr CommandRow kConfigShow{.name = "config show",
                                        .group = kSetUpGroup,
                                        .help = "Print every value and where it was set",
                                        .options = kShowOptions,
                                        .needs = Needs::unchecked_configuration,
                                        .run = run_with<show_config>};

}  // namespace delegate::cli
