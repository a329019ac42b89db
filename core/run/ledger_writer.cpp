#include "core/run/ledger_writer.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/run/leases.hpp"
#include "core/run/prompt.hpp"

namespace delegate {
namespace {

constexpr std::size_t kMostForSummary = 64u << 10;  // bytes, so that no long prompt is searched for secrets for it

}  // namespace

void LedgerWriter::begin(const RunResult& started, const Request& request) {
  if (engine_.ledger == nullptr) return;
  enter_guard();
  if (!entry_.may_run) return;
  row_ = {.id = started.run_id,
          .started_at = engine_.clock.now().wall,
          .requested_backend = request.backend,
          .task_type = std::string(to_string(started.type.type)),
          .cwd = request.cwd,
          .summary = summary_of(request),
          .writes = request.access == Access::write && !request.isolation,
          .owner = engine_.breakers.self()};
  is_awaited_ = !request.in_background;
  if (engine_.config.history.keep_prompts) row_.prompt = kept(engine_.redact(whole_prompt(request)));
  note(write_patiently([&] { return engine_.ledger->begin_run(row_); }));
  if (!entry_.is_trial) return;
  leave_guard();  // a run may take long, and other processes wait for the result of this trial
  if (trouble_) entry_.may_run = false;
  else enter_guard();
}

void LedgerWriter::prepare_to_finish() {
  if (engine_.ledger != nullptr && entry_.may_run) engine_.ledger->prepare_to_finish();
}

void LedgerWriter::finish(const RunResult& result) {
  if (engine_.ledger == nullptr || !entry_.may_run) return;
  row_.took = result.took;
  row_.outcome = to_string(result.outcome);
  if (const auto& answer = result.answer) {
    row_.backend = answer->backend;
    row_.model = answer->model;
    row_.session_id = answer->session_id;
    row_.usage = answer->usage;
    keep_answer(*answer);
  }
  for (const Skip& skip : result.skips)
    row_.skips.push_back({skip.backend, std::string(to_string(skip.reason)), skip.message, skip.retry_in,
                          is_awaited_ && is_by_breaker(skip.reason)});
  note(write_patiently([&] { return engine_.ledger->finish_run(row_, engine_.config.history.limit); }));
  leave_guard();
}

/// The first words of what was asked, without what is attached.
std::string LedgerWriter::summary_of(const Request& request) const {
  if (engine_.config.history.summary == 0) return {};
  const std::string beginning(cut_to_bytes(request.prompt, kMostForSummary));
  return cut_to_columns(one_line(engine_.redact(beginning), kMostForSummary), engine_.config.history.summary);
}

void LedgerWriter::keep_answer(const Attempt& answer) {
  const HistorySettings& history = engine_.config.history;
  if (!history.keep_answers && history.last_answers == milliseconds(0)) return;
  row_.answer = kept_after(kept(engine_.redact(answer.text)), answer.forgotten);
  if (!history.keep_answers) row_.answer_until = engine_.clock.now().wall + history.last_answers;
}

void LedgerWriter::enter_guard() {
  entry_ = engine_.guards.enter("history");
  if (!entry_.remark.empty()) remarks_.push_back(entry_.remark);
}

void LedgerWriter::leave_guard() {
  GuardRemark remark = engine_.guards.leave("history", entry_, trouble_ ? &*trouble_ : nullptr);
  if (!remark.text.empty()) remarks_.push_back(std::move(remark.text));
}

void LedgerWriter::note(const Status& written) {
  if (!written && !trouble_) trouble_ = written.error();
}

}  // namespace delegate
