#include "core/run/run.hpp"

#include <algorithm>
#include <utility>

#include "core/base/ids.hpp"
#include "core/os/random.hpp"
#include "core/run/half_change.hpp"
#include "core/run/no_answer.hpp"
#include "core/run/remarks.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLeaseMargin{900'000};   // for recording what it changes, before and after
constexpr milliseconds kApplyPatience{10'000};  // another isolated run applies its change in less

RunResult begin_result(const Engine& engine, const PreparedAsk& prepared) {
  const Request& request = prepared.request;
  RunResult result;
  result.run_id = request.run_id.empty() ? make_run_id(engine.clock.now().wall, random_bits()) : request.run_id;
  result.requested_backend = request.backend;
  result.type = prepared.type;
  result.preferences = prepared.preferences;
  return result;
}

}  // namespace

Run::Run(const Engine& engine, PreparedAsk& prepared, const CancelToken& cancel, Observer& observer)
    : engine_(engine),
      prepared_(prepared),
      cancel_(cancel),
      observer_(observer),
      result_(begin_result(engine, prepared)),
      routing_(engine, prepared, cancel, observer, result_),
      ledger_(engine) {
  ledger_.begin(result_, prepared.request);
}

bool Run::is_allowed() {
  const auto depth = next_depth(engine_);
  if (depth) depth_ = *depth;
  else blocked_ = depth.error();
  // A name that could be taken for a flag could change what the backend is allowed to do.
  const Request& request = prepared_.request;
  if (request.model.starts_with('-') || request.session.starts_with('-'))
    blocked_ = {Code::permission_denied, "a model or session that begins with a dash", "leave the dash out"};
  return !blocked_;
}

bool Run::take_directory() {
  const Request& request = prepared_.request;
  if (request.access == Access::read_only || prepared_.plan.steps.empty()) return true;
  change_.emplace(engine_, request, cancel_);
  auto got = routing_.wait_for_directory(writer_request());
  if (auto* refusal = std::get_if<WriterRefusal>(&got)) {
    refusal_ = std::move(*refusal);
    return false;
  }
  directory_.emplace(std::get<WriterLease>(std::move(got)));
  if (const std::string& why = directory_->unguarded_because(); !why.empty()) warn_once(why);
  for (const std::string& line : recover_changes_in(engine_, change_->place()).lines) warn_once(line);
  if (request.continue_writing) go_on_with_change();
  return begin_change();
}

WriterRequest Run::writer_request() const {
  return {.directory = change_->place(),
          .run_id = result_.run_id,
          .tag = run_tag(engine_, result_.run_id),
          .lease = routing_.longest_time() + kLeaseMargin,
          .needs_store = prepared_.request.in_background};
}

/// Records the files as they are. A copy needs the directory only while it is made.
bool Run::begin_change() {
  const Status begun = change_->begin(result_.run_id, routing_.deadline());
  if (!is_isolated()) {
    ChangeReport& report = result_.change;
    if (begun || cancel_.cancelled() || !report.no_undo.empty()) return true;
    report.no_undo = begun.error().what;
    report.was_no_undo_said = observer_.cannot_be_undone(report.no_undo);
    return true;
  }
  directory_.reset();
  if (!begun) {
    cannot_copy(begun.error());
    return false;
  }
  for (const std::string& remark : change_->remarks()) warn_once(engine_.redact(remark));
  work_in(prepared_, change_->directory());
  return true;
}

/// A cancel or the end of the run's time is said as such.
void Run::cannot_copy(const Error& why) {
  if (cancel_.cancelled() || routing_.deadline().passed()) return;
  blocked_ = {why.code, "no copy of the work tree: " + why.what, why.hint};
}

std::optional<AttemptOrder> Run::admit(const RouteStep& step) {
  auto order = completed(routing_.admit(step));
  if (!order || !is_isolated()) return order;
  if (!is_copy_clean_) {
    if (const Status renewed = change_->renew(routing_.deadline()); !renewed) {
      cannot_copy(renewed.error());
      return std::nullopt;
    }
    is_copy_clean_ = true;
  }
  if (!order->candidate.backend->confines_writes())
    warn_once(order->candidate.name + ": nothing confines its commands to the copy");
  return order;
}

void Run::go_on_with_change() {
  auto change = half_change_in(engine_, prepared_.request.cwd, result_.run_id);
  if (change) go_on_with(prepared_, *std::move(change));
  else warn_once("what an earlier run has left half done is unknown: " + change.error().what);
}

void Run::warn_once(const std::string& warning) {
  auto& all = result_.warnings;
  if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
}

void Run::warn_of_extra_billing(const Attempt& answer) {
  const BackendSettings* settings = engine_.config.backend(answer.backend);
  if (settings == nullptr || settings->overage == "allow") return;
  warn_once(answer.backend + ": " + extra_billing_words(answer.quota_after, engine_.clock.now().wall));
}

bool Run::has_written() const {
  return std::any_of(result_.attempts.begin(), result_.attempts.end(),
                     [](const Attempt& attempt) { return attempt.may_have_written; });
}

bool Run::wait_for_candidate() {
  if (is_over()) return false;
  const bool gives_way = change_ && !has_written();  // a wait may take hours, and others may write meanwhile
  if (gives_way) change_->discard(), directory_.reset();
  const bool goes_on = routing_.wait_for_slot() || routing_.wait_for_breaker();
  return goes_on && (!gives_way || take_directory());
}

bool Run::is_over() const {
  return blocked_ || streaming_attempt_ != 0 || is_decided() || ended_by_outcome_ || cancel_.cancelled() ||
         routing_.deadline().passed();
}

std::optional<AttemptOrder> Run::completed(std::optional<AttemptOrder> order) const {
  if (!order) return order;
  order->run_id = result_.run_id;
  order->depth = depth_;
  order->keep_row = ledger_.writes_rows();
  return order;
}

Deadline Run::end_of_waiting(const HedgedAttempts& attempts) const {
  const bool ends_by_itself = !attempts.only_probes_left() || prepared_.request.access == Access::write;
  return ends_by_itself ? Deadline::never() : routing_.deadline();
}

void Run::on_output(int number, const OutputDelta& delta) {
  const Streaming streaming = prepared_.request.streaming;
  const bool wanted = streaming == Streaming::drafts || (streaming == Streaming::certain && delta.certain);
  const bool writes = wanted && (delta.reset || !delta.text.empty());
  if (writes && streaming_attempt_ == 0 && !answered() && !is_closing_) streaming_attempt_ = number;
  const bool shows = writes && streaming_attempt_ == number;
  if (!delta.doing && !shows) return;
  OutputDelta shown = delta;
  if (!shows) shown.text.clear(), shown.reset = false;
  observer_.output(routing_.backend_of(number), shown);
}

/// The request itself is wrong, or the next backend would build on half a change.
bool Run::ends_the_run(const Attempt& failed) const {
  const bool is_half_done = failed.may_have_written && !prepared_.request.continue_writing && !is_isolated();
  return failed.is_callers_own || traits(failed.outcome).try_next == TryNext::no || is_half_done;
}

void Run::note(Attempt attempt) {
  if (attempt.background_probe) return result_.limit_probes.push_back(std::move(attempt));
  observer_.ended(attempt);
  if (attempt.may_have_written && change_) note_written_files(attempt);
  routing_.note(attempt);
  for (const std::string& warning : attempt.warnings) result_.warnings.push_back(attempt.backend + ": " + warning);
  if (is_answer(attempt.outcome) && attempt.billed_extra) warn_of_extra_billing(attempt);
  // Once the output of one attempt has been shown, the answer of another cannot follow it.
  const bool is_whole = attempt.forgotten == 0;
  const bool may_answer = (streaming_attempt_ == 0 && is_whole) || streaming_attempt_ == attempt.number;
  if (is_answer(attempt.outcome) && !answered() && may_answer) result_.answer = attempt;
  else if (streaming_attempt_ == attempt.number && !is_answer(attempt.outcome)) broke_off_ = true;
  else if (ends_the_run(attempt)) ended_by_outcome_ = true;
  attempt.text = {};  // `answer` has it
  result_.attempts.push_back(std::move(attempt));
}

/// What a failed call has changed is known exactly where it is recorded, and what it wrote beside its copy is said.
void Run::note_written_files(Attempt& attempt) {
  if (!is_isolated()) {
    if (is_answer(attempt.outcome)) return;
    auto names = change_->so_far();
    if (!names) return;
    if (names->empty() && attempt.is_writing_assumed) attempt.may_have_written = false;  // it did not
    if (!names->empty()) attempt.written_files = *std::move(names);
    return;
  }
  is_copy_clean_ = false;
  std::vector<std::string> outside;
  for (const std::string& name : attempt.written_files)
    if (change_->is_outside(name)) outside.push_back(name);
  if (!outside.empty())
    warn_once(attempt.backend + " may have written outside of the copy: " + words_for_files(outside));
}

/// A direct run has its directory still; an isolated one takes it for a moment.
void Run::finish_change() {
  if (!change_) return;
  const ChangeReport before = std::move(result_.change);
  result_.change = change_->finish(result_, [&] { return wait_to_apply(); });
  result_.change.no_undo = before.no_undo;
  result_.change.was_no_undo_said = before.was_no_undo_said;
}

WriterAdmission Run::wait_to_apply() {
  const Request& request = prepared_.request;
  const milliseconds otherwise = request.in_background ? engine_.config.background.max_wait : kApplyPatience;
  std::string said;
  const auto wait = [&](const WriterRefusal& refusal) {
    // In the background it keeps its place, and no person watches.
    if (refusal.holder && !request.in_background && std::exchange(said, refusal.holder->run_id) != said)
      observer_.waiting_for_directory(refusal.holder->run_id, refusal.holder->directory);
    return observer_.tick();
  };
  return wait_in_line(engine_, writer_request(), std::max(kApplyPatience, request.slot_wait.value_or(otherwise)),
                      cancel_, wait);
}

void Run::explain() {
  NoAnswer why = explain_no_answer({.result = result_,
                                    .refusal = refusal_ ? &*refusal_ : nullptr,
                                    .blocked = blocked_,
                                    .cancelled = cancel_.cancelled(),
                                    .deadline_passed = routing_.deadline().passed(),
                                    .broken_attempt = broke_off_ ? streaming_attempt_ : 0,
                                    .named_skip_hint = named_skip_hint(engine_, result_)});
  result_.outcome = why.outcome;
  result_.message = std::move(why.message);
  result_.hint = std::move(why.hint);
}

void Run::report_answered_rejections() {
  for (Attempt& attempt : result_.attempts) {
    const BackendSettings* settings = engine_.config.backend(attempt.backend);
    if (attempt.rejected_prompt.empty() || settings == nullptr) continue;
    const Settled settled =
        engine_.breakers.answered_elsewhere(attempt.backend, policy_of(settings->breaker, engine_.config.grace),
                                            {.message = attempt.message, .rejected_prompt = attempt.rejected_prompt});
    attempt.counted = attempt.counted || settled.counted;
    attempt.tripped = attempt.tripped || settled.tripped;
  }
}

RunResult Run::finish(std::unique_ptr<HedgedAttempts> attempts) {
  result_.still_probing = attempts->stop_all_but_probes();
  is_closing_ = true;
  while (auto late = attempts->next(Deadline::in(milliseconds(0)), *this)) note(*std::move(late));
  if (!attempts->all_ended()) result_.pending = std::move(attempts);
  finish_change();
  if (answered()) {
    result_.outcome = result_.answer->outcome;
    report_answered_rejections();
  } else {
    if (!is_isolated())
      for (const Attempt& attempt : result_.attempts) add_attempt(result_.half_change, attempt);
    explain();
  }
  result_.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  ledger_.finish(result_);
  const auto& remarks = ledger_.remarks();
  if (std::string trouble = engine_.breakers.unguarded_because(); !trouble.empty())
    result_.warnings.push_back("breakers are off for this call: " + trouble);
  else result_.warnings.insert(result_.warnings.end(), remarks.begin(), remarks.end());
  return std::move(result_);
}

}  // namespace delegate
