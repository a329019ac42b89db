#include "core/run/run.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/base/ids.hpp"
#include "core/run/check.hpp"
#include "core/run/hints.hpp"
#include "core/run/prompt.hpp"

namespace delegate {
namespace {

constexpr milliseconds kBetweenLooks{200};  // for a free slot; a look costs a tenth of a millisecond

InferredType type_of(const Request& request) {
  if (request.type) return {*request.type, {}};
  return infer_task_type(request.prompt);
}

bool falls_back(const Engine& engine, const Request& request) {
  if (!request.session.empty()) return false;  // a conversation never jumps to somebody else
  if (request.fallback) return *request.fallback;
  return request.backend == kAuto && engine.config.router.fallback;
}

SkipReason reason_of(Presence presence) {
  return presence == Presence::disabled ? SkipReason::disabled : SkipReason::not_installed;
}

/// It was to be asked, and only then turned out not to be installed: as good as passed over.
bool is_absent(const Attempt& attempt) { return attempt.outcome == Outcome::not_installed; }

}  // namespace

RoutePlan plan_for(const Engine& engine, const Request& request) {
  const RouterSettings& router = engine.config.router;
  const std::string_view type = to_string(type_of(request).type);
  const auto& heavy = router.heavy_types;
  const RouteQuestion question{.requested = request.backend,
                               .heavy = std::find(heavy.begin(), heavy.end(), type) != heavy.end(),
                               .fallback = falls_back(engine, request),
                               .order = router.order,
                               .order_light = router.order_light,
                               .local = router.local};
  RoutePlan plan = plan_route(question, [&](const std::string& name) {
    const auto candidate = find_candidate(engine, name);
    if (candidate || candidate.error().reason == UnavailableReason::login_unset) return Presence::usable;
    return candidate.error().reason == UnavailableReason::not_installed ? Presence::not_installed : Presence::disabled;
  });
  std::vector<RouteStep> steps;
  for (const RouteStep& step : plan.steps)
    for (std::string& name : engine.config.candidates(step.backend))
      steps.push_back({std::move(name), step.last_resort});
  plan.steps = std::move(steps);
  return plan;
}

Run::Run(const Engine& engine, const Request& request, const CancelToken& cancel, Observer& observer)
    : engine_(engine), request_(request), cancel_(cancel), observer_(observer) {
  fallback_ = falls_back(engine, request);
  deadline_ = Deadline::in(request.timeout.value_or(engine.config.router.timeout));
  result_.run_id = request.run_id.empty() ? make_run_id(engine.clock.now().wall) : request.run_id;
  result_.requested_backend = request.backend;
  result_.type = type_of(request);
  plan_ = plan_for(engine, request);
  for (const RouteSkip& absent : plan_.skips) skip({.backend = absent.backend, .reason = reason_of(absent.presence)});
  begin_row();
}

bool Run::is_allowed() {
  const auto depth = next_depth(engine_);
  if (depth) depth_ = *depth;
  else blocked_ = depth.error();
  // Where a name could be taken for a flag it could change what the backend is allowed to do.
  if (request_.model.starts_with('-') || request_.session.starts_with('-'))
    blocked_ = {Code::permission_denied, "a model or session that begins with a dash", "leave the dash out"};
  return !blocked_;
}

bool Run::tried(const std::string& backend) const {
  return std::find(started_backends_.begin(), started_backends_.end(), backend) != started_backends_.end();
}

bool Run::has_last_resort(const std::string& backend) const {
  return std::any_of(plan_.steps.begin(), plan_.steps.end(),
                     [&](const RouteStep& step) { return step.last_resort && step.backend == backend; });
}

void Run::skip(Skip skip) {
  observer_.skipped(skip);
  result_.skips.push_back(std::move(skip));
}

void Run::choose_model(Candidate& candidate) {
  Task& task = candidate.task;
  const std::string& name = task.settings.name;
  if (!request_.model.empty() && name == candidate_name(request_.backend).backend) task.model = request_.model;
  else if (request_.tier && !candidate.backend->choose(task, *request_.tier))
    warn(name + ": no model for this tier, its default is asked (see backends." + name + ".tier)");
}

/// Once: whoever waits for a slot comes by again.
void Run::warn(std::string warning) {
  auto& all = result_.warnings;
  if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(std::move(warning));
}

std::optional<AttemptOrder> Run::admit(const RouteStep& step) {
  if (tried(step.backend)) return std::nullopt;
  auto candidate = find_candidate(engine_, step.backend);
  if (!candidate) {
    const bool unset = candidate.error().reason == UnavailableReason::login_unset;
    note_login(step.backend, unset);
    skip({.backend = step.backend,
          .reason = unset ? SkipReason::login_unset : SkipReason::not_installed,
          .message = message_of(candidate.error()),
          .variable = candidate.error().variable});
    return std::nullopt;
  }
  candidate->task.prompt = whole_prompt(request_);
  candidate->task.system = request_.system;
  candidate->task.cwd = request_.cwd;
  candidate->task.session = request_.session;
  candidate->task.access = request_.access;
  choose_model(*candidate);
  candidate->task.watched = request_.streaming == Streaming::drafts;
  auto admission = engine_.breakers.admit(
      admission_request(engine_, *candidate, step.last_resort ? ProbeTime::at_once : ProbeTime::when_due));
  std::erase_if(result_.skips, [&](const Skip& earlier) { return earlier.backend == step.backend; });
  if (auto* refused = std::get_if<Skip>(&admission)) {
    note_login(step.backend, refused->login_refused);
    skip(std::move(*refused));
    return std::nullopt;
  }
  Permit& permit = std::get<Permit>(admission);
  started_backends_.push_back(step.backend);
  note_login(step.backend, permit.login_refused());
  const bool is_probe = permit.kind() == PermitKind::probe;
  observer_.asking(step.backend, is_probe);
  return AttemptOrder{.run_id = result_.run_id,
                      .number = static_cast<int>(started_backends_.size()),
                      .candidate = *std::move(candidate),
                      .permit = std::move(permit),
                      .deadline = is_probe ? Deadline::never() : deadline_,
                      .depth = depth_,
                      .keep_row = history_.may_run};
}

std::optional<AttemptOrder> Run::limit_probe(const RouteStep& step) {
  const auto skipped = std::find_if(result_.skips.begin(), result_.skips.end(),
                                    [&](const Skip& skip) { return skip.backend == step.backend; });
  // Where the person's own prompt may have to be the probe in the end, nothing may be in its way.
  const bool due = skipped != result_.skips.end() && skipped->limit_probe_due && !has_last_resort(step.backend);
  auto candidate = due ? find_candidate(engine_, step.backend) : tl::unexpected(Unavailable{});
  if (!candidate) return std::nullopt;
  candidate->task = smallest_task(*candidate);
  auto admission = engine_.breakers.admit(admission_request(engine_, *candidate, ProbeTime::slowly));
  auto* permit = std::get_if<Permit>(&admission);
  if (permit == nullptr || permit->kind() != PermitKind::slow_probe) return std::nullopt;
  started_backends_.push_back(step.backend);
  background_probes_.push_back(static_cast<int>(started_backends_.size()));
  return AttemptOrder{.run_id = result_.run_id,
                      .number = background_probes_.back(),
                      .candidate = *std::move(candidate),
                      .permit = std::move(*permit),
                      .depth = depth_,
                      .keep_row = history_.may_run};
}

Deadline Run::hedge_delay(const AttemptOrder& order, const RouteStep& step) const {
  // Two at a time in one directory must not both write.
  const bool shares_well = request_.access == Access::read_only;
  if (order.permit.kind() != PermitKind::probe || !shares_well || step.last_resort) return Deadline::never();
  return Deadline::in(order.candidate.task.settings.breaker.probe_timeout);
}

Deadline Run::end_of_waiting(const HedgedAttempts& attempts) const {
  return attempts.only_probes_left() ? deadline_ : Deadline::never();
}

void Run::on_output(int number, const OutputDelta& delta) {
  const bool wanted =
      request_.streaming == Streaming::drafts || (request_.streaming == Streaming::certain && delta.certain);
  const bool writes = wanted && (delta.reset || !delta.text.empty());
  if (writes && streaming_attempt_ == 0 && !answered() && !is_closing_) streaming_attempt_ = number;
  const bool is_streaming = streaming_attempt_ == number;
  if (!delta.doing && !(writes && is_streaming)) return;
  OutputDelta told = delta;
  if (!writes || !is_streaming) told.text.clear(), told.reset = false;
  observer_.output(started_backends_[static_cast<std::size_t>(number - 1)], told);
}

Deadline Run::tick() { return observer_.tick(); }

bool Run::is_decided() const { return answered() || broke_off_; }

void Run::note(Attempt attempt) {
  if (attempt.background_probe) return result_.limit_probes.push_back(std::move(attempt));
  observer_.ended(attempt);
  note_login(attempt.backend, traits(attempt.outcome).try_login == TryNext::yes);
  for (const std::string& warning : attempt.warnings) result_.warnings.push_back(attempt.backend + ": " + warning);
  // Once somebody's words are out, nobody else's answer can follow them.
  const bool may_speak = streaming_attempt_ == 0 || streaming_attempt_ == attempt.number;
  if (is_answer(attempt.outcome) && !answered() && may_speak) result_.answer = attempt;
  else if (streaming_attempt_ == attempt.number && !is_answer(attempt.outcome)) broke_off_ = true;
  else if (traits(attempt.outcome).try_next == TryNext::no) ended_by_outcome_ = true;
  attempt.text = {};  // the answer has it; the list of tries is for looking at
  result_.attempts.push_back(std::move(attempt));
}

bool Run::may_try(const RouteStep& step) const {
  if (streaming_attempt_ != 0 || is_decided() || ended_by_outcome_ || cancel_.cancelled() || deadline_.passed())
    return false;
  const std::string backend = candidate_name(step.backend).backend;
  const auto before = std::find_if(logins_.rbegin(), logins_.rend(), [&](const TriedLogin& one) {
    return candidate_name(one.candidate).backend == backend;
  });
  if (before != logins_.rend()) return before->refused && request_.session.empty();
  return fallback_ || started_backends_.size() == background_probes_.size();
}

void Run::note_login(const std::string& candidate, bool refused) {
  if (candidate_name(candidate).login.empty()) return;
  const auto known =
      std::find_if(logins_.begin(), logins_.end(), [&](const TriedLogin& one) { return one.candidate == candidate; });
  if (known == logins_.end()) logins_.push_back({candidate, refused});
  else known->refused = refused;
}

std::vector<std::string> Run::without_slot() const {
  std::vector<std::string> names;
  for (const RouteStep& step : plan_.steps) {
    const bool has_none = std::any_of(result_.skips.begin(), result_.skips.end(), [&](const Skip& skip) {
      return skip.backend == step.backend && skip.reason == SkipReason::no_slot;
    });
    const bool is_known = std::find(names.begin(), names.end(), step.backend) != names.end();
    if (has_none && !is_known && !tried(step.backend) && may_try(step)) names.push_back(step.backend);
  }
  return names;
}

bool Run::any_has_slot(const std::vector<std::string>& candidates) const {
  return std::any_of(candidates.begin(), candidates.end(), [&](const std::string& name) {
    const BackendSettings* settings = engine_.config.backend(name);
    return settings != nullptr && engine_.breakers.has_free_slot(name, settings->max_parallel);
  });
}

bool Run::waits_for_slot() {
  const auto awaited = request_.waits_for_slot ? without_slot() : std::vector<std::string>();
  if (awaited.empty()) return false;
  observer_.waiting_for_slot(awaited);
  Event nothing;
  do {
    nothing.wait(cancel_, Deadline::in(kBetweenLooks).or_earlier(deadline_).or_earlier(observer_.tick()));
    if (cancel_.cancelled() || deadline_.passed()) return false;
  } while (!any_has_slot(awaited) || !observer_.may_go_on());
  return true;
}

bool Run::nothing_is_here() const {
  const auto absent = [](const Skip& skip) {
    return skip.reason == SkipReason::not_installed || skip.reason == SkipReason::disabled;
  };
  const auto not_there = [](const Attempt& attempt) {
    return is_absent(attempt) || attempt.outcome == Outcome::unreachable;
  };
  return !result_.skips.empty() && std::all_of(result_.skips.begin(), result_.skips.end(), absent) &&
         std::all_of(result_.attempts.begin(), result_.attempts.end(), not_there);
}

Outcome Run::outcome_without_answer() const {
  if (blocked_) return Outcome::blocked;
  if (cancel_.cancelled()) return Outcome::cancelled;
  if (nothing_is_here()) return Outcome::not_installed;
  if (deadline_.passed()) return Outcome::deadline_passed;
  const auto last = std::find_if_not(result_.attempts.rbegin(), result_.attempts.rend(), is_absent);
  if (last != result_.attempts.rend()) return last->outcome;
  using enum SkipReason;
  const auto any_is = [&](std::initializer_list<SkipReason> wanted) {
    return std::any_of(result_.skips.begin(), result_.skips.end(), [&](const Skip& skip) {
      return std::find(wanted.begin(), wanted.end(), skip.reason) != wanted.end();
    });
  };
  if (any_is({no_slot})) return Outcome::no_slot;
  if (any_is({breaker_open, probe_running, tripped_manually})) return Outcome::breaker_open;
  return any_is({login_unset}) ? Outcome::unauthenticated : Outcome::not_installed;
}

std::string Run::hint_for_skips() const {
  const bool one_by_name = result_.skips.size() == 1 && result_.requested_backend != kAuto;
  if (!one_by_name || result_.outcome == Outcome::deadline_passed) return std::string(hint_for_nobody(result_.outcome));
  const Skip& skip = result_.skips.front();
  const BackendSettings* settings = engine_.config.backend(skip.backend);
  const Backend* backend = settings == nullptr ? nullptr : engine_.find_backend(settings->kind);
  if (backend == nullptr) return std::string(hint_for_nobody(result_.outcome));
  return hint_for(*backend, Task{.settings = *settings, .environment = engine_.environment}, skip);
}

std::string Run::unset_logins() const {
  std::string text;
  for (const Skip& skip : result_.skips)
    if (skip.reason == SkipReason::login_unset) text += (text.empty() ? "" : "; ") + skip.backend + ": " + skip.message;
  return text;
}

void Run::explain() {
  if (blocked_) {
    result_.message = blocked_->what;
    result_.hint = blocked_->hint;
    return;
  }
  if (result_.outcome == Outcome::not_installed) {
    const bool was_named = request_.backend != kAuto && !result_.attempts.empty();
    result_.message = request_.backend == kAuto ? "no backend is installed or running here"
                                                : request_.backend + " is not installed or not enabled";
    result_.hint = was_named ? result_.attempts.back().hint : hint_for_skips();
    return;
  }
  for (const Attempt& attempt : result_.attempts) {
    if (is_absent(attempt)) continue;  // no reason why the others gave no answer
    const bool broke_off = broke_off_ && attempt.number == streaming_attempt_;
    if (!result_.message.empty()) result_.message += "; ";
    result_.message +=
        attempt.backend + ": " + (broke_off ? "broke off in the middle of its answer: " : "") + attempt.message;
    if (result_.hint.empty()) result_.hint = attempt.hint;
  }
  if (broke_off_) result_.hint = hint_for_broken_answer();
  for (const std::string& backend : result_.still_probing)
    result_.message += (result_.message.empty() ? "" : "; ") + backend + ": its probe is still running";
  if (!result_.message.empty()) return;
  if (result_.outcome == Outcome::cancelled) result_.message = "cancelled";
  else if (result_.outcome == Outcome::deadline_passed) result_.message = "the deadline passed";
  else if (result_.outcome == Outcome::unauthenticated) result_.message = unset_logins();
  else result_.message = "nothing can be asked now";
  if (result_.outcome != Outcome::cancelled) result_.hint = hint_for_skips();
}

RunResult Run::finish(std::unique_ptr<HedgedAttempts> attempts) {
  result_.still_probing = attempts->decided();
  is_closing_ = true;
  while (auto late = attempts->next(Deadline::in(milliseconds(0)), *this)) note(*std::move(late));
  if (!attempts->all_ended()) result_.pending = std::move(attempts);
  result_.outcome = answered() ? result_.answer->outcome : outcome_without_answer();
  if (!answered()) explain();
  result_.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
  finish_row();
  if (std::string trouble = engine_.breakers.trouble(); !trouble.empty())
    result_.warnings.push_back("breakers are off for this call: " + trouble);
  else result_.warnings.insert(result_.warnings.end(), history_remarks_.begin(), history_remarks_.end());
  return std::move(result_);
}

void Run::begin_row() {
  if (engine_.ledger == nullptr) return;
  enter_history();
  if (!history_.may_run) return;
  row_ = {.id = result_.run_id,
          .started_at = engine_.clock.now().wall,
          .requested_backend = request_.backend,
          .task_type = std::string(to_string(result_.type.type)),
          .cwd = request_.cwd,
          .owner = engine_.breakers.self()};
  if (engine_.config.history.keep_prompts) row_.prompt = kept(engine_.redact(whole_prompt(request_)));
  keep(engine_.ledger->begin_run(row_));
  if (!history_.is_trial) return;
  leave_history();  // a run may take long, and others wait for this verdict
  if (history_trouble_) history_.may_run = false;
  else enter_history();
}

void Run::finish_row() {
  if (engine_.ledger == nullptr || !history_.may_run) return;
  row_.took = result_.took;
  row_.outcome = to_string(result_.outcome);
  if (const auto& answer = result_.answer) {
    row_.backend = answer->backend;
    row_.model = answer->model;
    row_.session_id = answer->session_id;
    row_.usage = answer->usage;
    if (engine_.config.history.keep_answers) row_.answer = kept(engine_.redact(answer->text));
  }
  for (const Skip& skip : result_.skips)
    row_.skips.push_back({skip.backend, std::string(to_string(skip.reason)), skip.message, skip.retry_in});
  keep(engine_.ledger->finish_run(row_, engine_.config.history.limit));
  leave_history();
}

void Run::enter_history() {
  history_ = engine_.guards.enter("history");
  if (!history_.remark.empty()) history_remarks_.push_back(history_.remark);
}

void Run::leave_history() {
  const Error* failed = history_trouble_ ? &*history_trouble_ : nullptr;
  std::string remark = engine_.guards.leave("history", history_, failed);
  if (!remark.empty()) history_remarks_.push_back(std::move(remark));
}

void Run::keep(const Status& written) {
  if (!written && !history_trouble_) history_trouble_ = written.error();
}

}  // namespace delegate
