#include "core/run/refused_run.hpp"

#include "core/run/hints.hpp"
#include "core/run/ledger_writer.hpp"
#include "core/run/no_answer.hpp"

namespace delegate {
namespace {

std::optional<std::string> hint_for_named(const Engine& engine, const RunResult& result) {
  if (result.skips.size() != 1) return std::nullopt;
  const Skip& skip = result.skips.front();
  const BackendSettings* settings = engine.config.backend(skip.backend);
  const Backend* backend = settings == nullptr ? nullptr : engine.find_backend(settings->kind);
  if (backend == nullptr) return std::nullopt;
  return hint_for(*backend, Task{.settings = *settings, .environment = engine.environment}, skip);
}

}  // namespace

RunResult refused_run(const Engine& engine, const Request& request, std::vector<Skip> skips) {
  RunResult result;
  result.run_id = request.run_id;
  result.requested_backend = request.backend;
  result.skips = std::move(skips);
  LedgerWriter ledger(engine);
  ledger.begin(result, request);
  NoAnswer why = explain_no_answer({.result = result, .named_skip_hint = hint_for_named(engine, result)});
  result.outcome = why.outcome;
  result.message = std::move(why.message);
  result.hint = std::move(why.hint);
  ledger.finish(result);
  return result;
}

}  // namespace delegate
