#include "core/run/refused_run.hpp"

#include "core/run/ledger_writer.hpp"
#include "core/run/no_answer.hpp"

namespace delegate {
RunResult refused_run(const Engine& engine, const Request& request, std::vector<Skip> skips) {
  RunResult result;
  result.run_id = request.run_id;
  result.requested_backend = request.backend;
  result.skips = std::move(skips);
  LedgerWriter ledger(engine);
  ledger.begin(result, request);
  NoAnswer why = explain_no_answer({.result = result, .named_skip_hint = named_skip_hint(engine, result)});
  result.outcome = why.outcome;
  result.message = std::move(why.message);
  result.hint = std::move(why.hint);
  ledger.finish(result);
  return result;
}

}  // namespace delegate
