#include "cli/commands/ask_input.hpp"

#include "cli/exit_code.hpp"
#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/os/input.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

Result<std::optional<TaskType>> type_of(const AskCommand& command, const FieldNames& names) {
  if (command.type.empty()) return std::nullopt;
  if (const auto type = task_type_named(command.type)) return type;
  return names.usage_of("type", "'" + one_line(command.type, 80) + "' is no task type",
                        "one of summarize, explain, docstring, review, ask, test, diagnose, improve");
}

Result<std::optional<Tier>> tier_of(const AskCommand& command, const FieldNames& names) {
  if (command.tier.empty() || command.tier == "default") return std::nullopt;
  if (command.tier == "small") return Tier::small;
  if (command.tier == "medium") return Tier::medium;
  if (command.tier == "large") return Tier::large;
  return names.usage_of("tier", "'" + one_line(command.tier, 80) + "' is no tier",
                        "one of small, medium, large, default");
}

Result<std::optional<milliseconds>> timeout_of(const AskCommand& command, const FieldNames& names) {
  if (command.timeout.empty()) return std::nullopt;
  const auto timeout = parse_duration(command.timeout);
  if (!timeout) return names.usage_of("timeout", timeout.error().what, timeout.error().hint);
  return *timeout;
}

Streaming streaming_of(const World& world, const AskCommand& command) {
  const bool to_terminal = is_terminal(world.out);
  if (command.json || !command.stream.value_or(to_terminal)) return Streaming::none;
  return to_terminal ? Streaming::drafts : Streaming::certain;
}

}  // namespace

Result<RequestInput> input_of(const World& world, const AskCommand& command, const FieldNames& names) {
  RequestInput input{.standard_input = command.no_stdin ? RequestInput::Stdin::ignore : RequestInput::Stdin::read,
                     .files = command.files,
                     .system = command.system,
                     .backend = command.backend,
                     .model = command.model,
                     .session = command.session,
                     .continue_session = command.continue_session,
                     .cwd = command.directory,
                     .access = command.write ? Access::write : Access::read_only,
                     .fallback = command.fallback,
                     .streaming = streaming_of(world, command)};
  const bool is_on_stdin = command.words.empty() || (command.words.size() == 1 && command.words[0] == "-");
  if (!is_on_stdin) input.prompt = join(command.words, " ");
  TRY(input.type, type_of(command, names));
  TRY(input.tier, tier_of(command, names));
  TRY(input.timeout, timeout_of(command, names));
  return input;
}

RequestBuilder request_builder(const World& world, const Config& config, const FieldNames& names,
                               const Output& output) {
  return {world, config, names, [&output](const std::string& line) { output.note(line); }};
}

int report_failure(const World& world, const Output& output, const Error& error) {
  const bool interrupted = error.code == Code::cancelled;
  output.failure(error, interrupted ? "cancelled" : is_usage_error(error) ? "usage" : "internal");
  if (interrupted && world.signal != 0) return 128 + world.signal;
  return interrupted || is_usage_error(error) ? kUsage : kInternal;
}

}  // namespace delegate::cli
