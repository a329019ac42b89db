#include "cli/commands/context.hpp"
#include "cli/render/config_json.hpp"
#include "core/base/text.hpp"
#include "core/config/report.hpp"

namespace delegate::cli {
namespace {

constexpr OptionRow kCheckOptions[] = {json_flag("Print JSON")};

/// "~/.config/delegate/delegate.toml, /src/app/delegate.toml (trusted), DELEGATE_BREAKER_THRESHOLD".
std::string what_was_read(const Configured& configured) {
  std::vector<std::string> read = files_of(configured);
  if (configured.sources.project_file && configured.sources.project_trust == ProjectTrust::trusted)
    read.back() += " (trusted)";
  const std::vector<std::string> variables = variables_of(configured.loaded.config);
  if (read.empty() && variables.empty()) return "no file: the built-in values are used";
  if (read.empty()) read.emplace_back("no file");
  read.insert(read.end(), variables.begin(), variables.end());
  return join(read, ", ");
}

CommandResult check_config(const CommandContext& context, const NoOptions&) {
  const Output& output = context.output;
  const Configured& configured = *context.configured;
  const ConfigVerdict verdict = verdict_on(configured);
  for (const Error& setting : configured.remarks) output.error(setting);
  if (context.world.json) {
    const int written = output.quote(check_json(configured) + "\n");
    return written != 0 ? written : exit_code_of(verdict);
  }
  if (verdict.errors.empty())
    return output.answer("configuration is valid (" + one_line(what_was_read(configured), 4000) + ")\n");
  for (const Error& error : verdict.errors) output.error(error);
  output.note("delegate: files checked: " + what_was_read(configured));
  return exit_code_of(verdict);
}

}  // namespace

extern constexpr CommandRow kConfigCheck{.name = "config check",
                                         .group = kSetUpGroup,
                                         .help = "List all problems of the configuration at once",
                                         .options = kCheckOptions,
                                         .needs = Needs::unchecked_configuration,
                                         .run = run_with<check_config>};

}  // namespace delegate::cli
