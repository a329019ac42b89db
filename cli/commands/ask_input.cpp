#include "cli/commands/ask_input.hpp"

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

Result<std::optional<milliseconds>> duration_of(const std::string& text, const char* field, const FieldNames& names) {
  if (text.empty()) return std::nullopt;
  const auto duration = parse_duration(text);
  if (!duration) return names.usage_of(field, duration.error().what, duration.error().hint);
  return *duration;
}

std::optional<Isolation> isolation_of(const AskOptions& options) {
  if (!options.isolate) return std::nullopt;
  return Isolation{.apply = options.apply.value_or(!options.keep),
                   .keep = options.keep,
                   .with_untracked = !options.tracked_only,
                   .with = options.isolate_with};
}

/// Options that mean something in a copy only.
Status check_isolation(const AskOptions& options, const FieldNames& names) {
  if (options.isolate) return {};
  for (const auto& [is_given, name] :
       {std::pair(!options.isolate_with.empty(), "isolate-with"), std::pair(options.tracked_only, "tracked-only"),
        std::pair(options.keep, "keep"), std::pair(options.apply.has_value(), "apply")})
    if (is_given) return names.usage(names.option(name) + " needs " + names.option("isolate"));
  return {};
}

Streaming streaming_of(const World& world, const AskOptions& options) {
  const bool to_terminal = is_terminal(world.out);
  if (world.json || !options.stream.value_or(to_terminal)) return Streaming::none;
  return to_terminal ? Streaming::drafts : Streaming::certain;
}

}  // namespace

Result<RequestInput> input_of(const World& world, const AskOptions& options, const FieldNames& names) {
  RequestInput input{.standard_input = options.no_stdin ? RequestInput::Stdin::ignore : RequestInput::Stdin::read,
                     .files = options.files,
                     .system = options.system,
                     .backend = options.backend,
                     .model = options.model,
                     .session = options.session,
                     .continue_session = options.continue_session,
                     .cwd = options.directory,
                     .access = options.write ? Access::write : Access::read_only,
                     .continue_writing = options.continue_writing,
                     .isolation = isolation_of(options),
                     .fallback = options.fallback,
                     .streaming = streaming_of(world, options)};
  TRY_STATUS(check_isolation(options, names));
  const bool is_on_stdin = options.words.empty() || (options.words.size() == 1 && options.words[0] == "-");
  if (!is_on_stdin) input.prompt = join(options.words, " ");
  input.type = task_type_named(options.type);  // nothing if it was not given; the option's row lists the names
  input.tier = tier_named(options.tier);
  TRY(input.timeout, duration_of(options.timeout, "timeout", names));
  TRY(input.slot_wait, duration_of(options.wait_slot, "wait-slot", names));
  return input;
}

RequestBuilder request_builder(const CommandContext& context, const Config& config, const FieldNames& names) {
  return {context.world, config, names, [&output = context.output](const std::string& line) { output.note(line); }};
}

}  // namespace delegate::cli
