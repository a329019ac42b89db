#include "cli/commands/dispatch.hpp"

#include "cli/args/parse.hpp"
#include "cli/commands/context.hpp"
#include "core/config/report.hpp"
#include "core/os/file.hpp"
#include "core/run/outer_run.hpp"

// From a command line to its exit code. Every error of a command is reported here, and here alone gets its exit code.
namespace delegate::cli {
namespace {

/// A script gets the first problem as JSON, and all of them from `config check --json`.
tl::unexpected<CommandError> invalid_configuration(ConfigVerdict verdict) {
  const ErrorKind kind = kind_of(verdict);
  Error first = std::move(verdict.errors.front());
  verdict.errors.erase(verdict.errors.begin());
  return fail_as(kind, std::move(first), std::move(verdict.errors));
}

tl::expected<Configured, CommandError> readable_configuration(const CommandContext& context,
                                                              const std::string& directory, Notices notices) {
  const std::string start =
      directory.empty() ? context.world.cwd : (Path(context.world.cwd) / directory).lexically_normal().string();
  auto configured = configure(context.world, context.world.config_file, start);
  if (!configured) return fail_as(ErrorKind::configuration, configured.error());
  if (notices == Notices::shown)
    for (const Error& notice : configured->notices) context.output.error(notice);
  return *std::move(configured);
}

CommandResult run_with_needs(CommandContext context, const ParsedCommand& command) {
  const CommandRow& row = *command.row;
  if (row.needs == Needs::nothing) return row.run.call(context, command.options);
  const bool is_checked = row.needs != Needs::unchecked_configuration;
  const auto configured = is_checked ? usable_configuration(context, {}, Notices::shown)
                                     : readable_configuration(context, {}, Notices::shown);
  if (!configured) return tl::unexpected(configured.error());
  context.configured = &*configured;
  if (row.needs != Needs::host) return row.run.call(context, command.options);
  const Host host(context.world, context.config());
  context.open_host = &host;
  return row.run.call(context, command.options);
}

int report(const World& world, const Output& output, const CommandError& failed) {
  output.failure(failed.error, word_of(failed.kind));
  for (const Error& error : failed.more) output.error(error);
  return exit_code_of(failed.kind, world.signal);
}

int show(const World& world, const Output& output, const ShowText& text) {
  if (text.is_requested) return output.answer(text.text);
  static_cast<void>(write_all(world.err, text.text));  // a stderr that cannot be written leaves the exit code
  return kUsage;
}

}  // namespace

tl::expected<Configured, CommandError> usable_configuration(const CommandContext& context, const std::string& directory,
                                                            Notices notices) {
  auto configured = readable_configuration(context, directory, notices);
  if (!configured || configured->loaded.problems.empty()) return configured;
  return invalid_configuration(verdict_on(*configured));
}

int run_program(World& world) {
  const CommandLine line = parse(all_commands(), world.arguments);
  world.json = line.json;
  world.color = line.global.color;
  world.config_file = line.global.config_file;
  const Output output(world);
  if (const auto* text = std::get_if<ShowText>(&line.request)) return show(world, output, *text);
  if (const auto* error = std::get_if<UsageError>(&line.request))
    return report(world, output, Error{Code::invalid_argument, error->what, error->hint});
  recognise_outer_run(world.environment);
  const auto done = run_with_needs({.world = world, .output = output}, std::get<ParsedCommand>(line.request));
  return done ? *done : report(world, output, done.error());
}

}  // namespace delegate::cli
