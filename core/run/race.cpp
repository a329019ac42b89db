#include "core/run/race.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdint>

#include "core/run/call.hpp"

namespace delegate {
namespace {

Report report_of(const Problem& end, Verdict verdict, const std::string& message) {
  return {.verdict = verdict,
          .trip = traits(end.outcome).trip,
          .retry_after = end.retry_after,
          .outcome = std::string(to_string(end.outcome)),
          .message = message};
}

AttemptRow row_of(const std::string& run_id, const Attempt& attempt) {
  return {.run_id = run_id,
          .number = attempt.number,
          .backend = attempt.backend,
          .model = attempt.model,
          .outcome = std::string(to_string(attempt.outcome)),
          .message = attempt.message,
          .probe = attempt.probe,
          .counted = attempt.counted,
          .started_at = attempt.started_at,
          .took = attempt.took,
          .exit_code = attempt.exit_code,
          .session_id = attempt.session_id,
          .usage = attempt.usage};
}

}  // namespace

struct Race::Runner {
  explicit Runner(AttemptOrder given) : order(std::move(given)), probe(order.permit.kind() == PermitKind::probe) {}
  AttemptOrder order;
  bool probe;
  CancelToken stop;
  std::optional<Attempt> ended;  // set by the thread, under the race's mutex
  bool seen = false;             // next() has returned it
  std::thread thread;
};

Race::Race(const Engine& engine, const CancelToken& cancel)
    : engine_(engine), cancel_(cancel), ended_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Race::~Race() {
  while (next(Deadline::never())) continue;  // passes a cancel on while it waits
  for (auto& runner : runners_)
    if (runner->thread.joinable()) runner->thread.join();
}

void Race::start(AttemptOrder order) {
  runners_.push_back(std::make_unique<Runner>(std::move(order)));
  Runner& runner = *runners_.back();
  runner.thread = std::thread([this, &runner] { run(runner); });
}

void Race::run(Runner& runner) {
  const AttemptOrder& order = runner.order;
  const Candidate& candidate = order.candidate;
  Attempt attempt{.number = order.number,
                  .backend = candidate.task.settings.name,
                  .kind = candidate.task.settings.kind,
                  .probe = runner.probe,
                  .started_at = engine_.clock.now().wall};
  CallEnd call = make_call(*candidate.backend, candidate.task,
                           {.deadline = order.deadline,
                            .scratch = engine_.scratch,
                            .tag = order.run_id + "." + std::to_string(order.number),
                            .depth = order.depth},
                           runner.stop);
  const milliseconds ended_at = engine_.clock.now().wall;
  if (call.end.retry_at && !call.end.retry_after) call.end.retry_after = *call.end.retry_at - ended_at;
  attempt.outcome = call.end.outcome;
  attempt.message = engine_.redact(std::move(call.end.message));
  attempt.hint = hint_for(candidate, attempt.outcome);
  attempt.model = std::move(call.reading.model);
  if (attempt.model.empty()) attempt.model = candidate.task.model;
  attempt.took = call.took;
  attempt.exit_code = call.exit_code;
  attempt.text = std::move(call.reading.text);
  attempt.session_id = std::move(call.reading.session_id);
  attempt.usage = call.reading.usage;
  attempt.warnings = std::move(call.reading.warnings);
  if (call.end.retry_after) attempt.retry_at = ended_at + *call.end.retry_after;

  const Settled settled =
      runner.order.permit.settle(report_of(call.end, traits(attempt.outcome).on_call, attempt.message));
  attempt.counted = settled.counted && traits(attempt.outcome).on_call != Verdict::neutral;
  attempt.tripped = settled.tripped;
  attempt.recovered = settled.recovered;
  // The row is a courtesy: an answer is never lost for it, and the run's own row reports a ledger that fails.
  if (engine_.ledger != nullptr) static_cast<void>(engine_.ledger->add_attempt(row_of(order.run_id, attempt)));

  const std::lock_guard lock(mutex_);
  runner.ended = std::move(attempt);
  static_cast<void>(::eventfd_write(ended_event_.get(), 1));
}

std::optional<Attempt> Race::next(Deadline patience) {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      eventfd_t ends = 0;  // only a wake-up; the runners say who ended
      static_cast<void>(::eventfd_read(ended_event_.get(), &ends));
      bool any = false;
      for (auto& runner : runners_) {
        if (runner->seen) continue;
        any = true;
        if (!runner->ended) continue;
        runner->seen = true;
        return runner->ended;
      }
      if (!any) return std::nullopt;
    }
    if (cancel_.cancelled())
      for (auto& runner : runners_) runner->stop.cancel();
    const auto left = patience.left();
    if (left && *left == milliseconds(0)) return std::nullopt;
    // Once cancelled its fd stays readable: then only the attempts' ends are waited for.
    pollfd waited[] = {{ended_event_.get(), POLLIN, 0}, {cancel_.cancelled() ? -1 : cancel_.fd(), POLLIN, 0}};
    static_cast<void>(::poll(waited, 2, left ? static_cast<int>(std::min<std::int64_t>(left->count(), 1 << 30)) : -1));
  }
}

bool Race::under_way(int number) const {
  return std::any_of(runners_.begin(), runners_.end(),
                     [&](const auto& runner) { return runner->order.number == number && !runner->seen; });
}

std::vector<std::string> Race::decided() {
  for (auto& runner : runners_)
    if (!runner->probe) runner->stop.cancel();
  for (auto& runner : runners_)
    if (!runner->probe && runner->thread.joinable()) runner->thread.join();
  std::vector<std::string> still_out;
  const std::lock_guard lock(mutex_);
  for (auto& runner : runners_)
    if (!runner->ended) still_out.push_back(runner->order.candidate.task.settings.name);
  return still_out;
}

}  // namespace delegate
