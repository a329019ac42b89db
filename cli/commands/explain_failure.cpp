#include <algorithm>

#include "backends/registry.hpp"
#include "cli/commands/context.hpp"
#include "cli/request/request_builder.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/health/outcome_words.hpp"
#include "core/os/input.hpp"
#include "core/run/failure_of_text.hpp"
#include "core/run/hints.hpp"
#include "core/run/reset_time.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLongestExplained = 1u << 20;

struct ExplainFailureOptions {
  std::string backend;
};
constexpr OptionRow kExplainFailureOptions[] = {
    {.value = "NAME",
     .help = "Backend that printed the text",
     .kind = ValueKind::backends,
     .presence = Presence::required,
     .store = into<&ExplainFailureOptions::backend>},
    json_flag("Print JSON"),
};
constexpr std::string_view kExplainFailureExamples[] = {
    "delegate explain-failure codex < error.txt",
};

/// What such a failure does to the breaker, in words.
std::string effect_of(const OutcomeTraits& traits) {
  switch (traits.on_call) {
    case Verdict::success: return "counts as a success";
    case Verdict::neutral: return "does not count";
    case Verdict::drop:
    case Verdict::connect_failure: return "counts, except in a burst of lost connections";
    case Verdict::rate_limited:
      return traits.trip == Trip::at_threshold ? "opens it until the stated time; counts as a failure if none is stated"
                                               : "opens it immediately, until the stated time if there is one";
    case Verdict::failure: break;
  }
  return traits.trip == Trip::at_threshold ? "counts as a failure" : "opens it immediately";
}

std::optional<milliseconds> wait_of(const Failure& failure) {
  if (failure.retry_after) return failure.retry_after;
  const auto now = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto until = failure.retry_at ? failure.retry_at : stated_reset(failure.message, now, {});
  return until ? std::optional(std::max(*until - now, milliseconds(0))) : std::nullopt;
}

std::string matched_by(const Failure& failure) {
  if (!failure.evidence.empty()) return failure.evidence;
  return failure.is_recognised ? "how the call ended" : "nothing: this failure is not recognised";
}

std::string text_of_failure(const Failure& failure, const std::string& hint) {
  const auto wait = wait_of(failure);
  std::string text = "outcome:     " + std::string(words_for(failure.outcome)) + "\n";
  text += "matched by:  " + one_line(matched_by(failure), 4200) + "\n";
  text += "message:     " + failure.message + "\n";
  text += "retry after: " + (wait ? format_wait(*wait) : std::string("not stated")) + "\n";
  text += "breaker:     " + effect_of(traits(failure.outcome)) + "\n";
  return hint.empty() ? text : text + "hint:        " + hint + "\n";
}

std::string json_of_failure(const std::string& backend, const Failure& failure, const std::string& hint) {
  const OutcomeTraits& row = traits(failure.outcome);
  OrderedJson json{{"schema", "delegate.explain_failure/1"},
                   {"backend", backend},
                   {"outcome", to_string(failure.outcome)},
                   {"recognised", failure.is_recognised},
                   {"message", failure.message}};
  if (!failure.evidence.empty()) json["matched_by"] = failure.evidence;
  if (const auto wait = wait_of(failure)) json["retry_after_ms"] = wait->count();
  json["counts"] = row.on_call != Verdict::neutral && row.on_call != Verdict::success;
  json["opens_breaker_immediately"] = row.trip != Trip::at_threshold;
  if (!hint.empty()) json["hint"] = hint;
  return dump(json);
}

CommandResult explain_failure(const CommandContext& context, const ExplainFailureOptions& options) {
  const World& world = context.world;
  const BackendSettings* settings = context.config().backend(options.backend);
  if (settings == nullptr)
    return fail_as(ErrorKind::usage, unknown_backend("explain-failure", context.config(), options.backend));
  InputLimits limits;
  limits.bytes = kLongestExplained;
  limits.on_slow = [&] { context.output.note("delegate: waiting for the text on stdin"); };
  const auto text = read_input(world.in, limits, world.interrupted);
  if (!text && text.error().code == Code::cancelled) return context.interrupted();
  if (!text) return fail_as(ErrorKind::usage, {text.error().code, "explain-failure: stdin: " + text.error().what, {}});
  if (trim(*text).empty())
    return fail_as(ErrorKind::usage,
                   {Code::invalid_argument, "explain-failure: stdin: there is no text", "pipe the error text into it"});
  const Backend& backend = *find_backend(settings->kind);
  Task task;
  task.settings = *settings;
  task.environment = world.environment;
  const Failure failure = failure_of_text(backend, task, *text);
  const std::string hint = hint_for(backend, task, failure);
  return context.output.quote(world.json ? json_of_failure(options.backend, failure, hint) + "\n"
                                         : text_of_failure(failure, hint));
}

}  // namespace

extern constexpr CommandRow kExplainFailure{
    .name = "explain-failure",
    .group = kOperateGroup,
    .help = "Show what an error text of a backend means to delegate",
    .more =
        "The text is read from stdin: what a CLI prints when it fails, or the body of a server's error. It is "
        "interpreted as in a real call: first by [[backends.NAME.failures]], in their order, then by the built-in "
        "wordings. Nothing is called, and nothing is counted.",
    .options = kExplainFailureOptions,
    .examples = kExplainFailureExamples,
    .needs = Needs::configuration,
    .run = run_with<explain_failure>};

}  // namespace delegate::cli
