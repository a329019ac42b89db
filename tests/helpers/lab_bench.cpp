#include "tests/helpers/lab_bench.hpp"

#include <utility>

namespace delegate::lab {
namespace {

constexpr const char* kBackend = "breaker";
constexpr const char* kOperator = "";  // the name under which reading and manual control reach the store

std::string event_of(BreakerState entered) {
  switch (entered) {
    case BreakerState::open: return "opened";
    case BreakerState::half_open: return "half_opened";
    case BreakerState::closed:
    case BreakerState::forced_open:
    case BreakerState::disabled: break;
  }
  return std::string(to_string(entered));
}

CallReport report_of(const std::string& op) {
  static const std::map<std::string, CallReport> reports{
      {"success", {.verdict = Verdict::success}},
      {"failure", {.verdict = Verdict::failure}},
      {"login_fail", {.verdict = Verdict::failure, .trip = Trip::revocable}},
      {"neutral", {.verdict = Verdict::neutral}},
      {"reject", {.verdict = Verdict::neutral}},
      {"cancel", {.verdict = Verdict::neutral}},
      {"drop", {.verdict = Verdict::drop}},
      {"connect_fail", {.verdict = Verdict::connect_failure}},
      {"rate_limit", {.verdict = Verdict::rate_limited}},
      {"quota", {.verdict = Verdict::rate_limited, .trip = Trip::immediate}}};
  CallReport report = reports.at(op);
  report.outcome = op;
  return report;
}

Status take_prompt(const Json& line, CallReport& report) {
  TRY(report.rejected_prompt, text_field(line, "prompt"));
  if (report.rejected_prompt.empty()) return fail(Code::invalid_argument, "prompt: empty");
  return {};
}

template <class After>
Json described(Json answer, const std::optional<After>& after) {
  answer["state"] = after ? to_string(after->view.state) : "unknown";
  answer["failures"] = nullptr;
  if (after && after->view.state == BreakerState::closed) answer["failures"] = after->view.failures;
  answer["retry_after_ms"] = after ? after->view.retry_after.count() : 0;
  answer["events"] = Json::array();
  if (after && after->entered) answer["events"].push_back(event_of(*after->entered));
  answer["notified"] = after && after->notified;
  return answer;
}

}  // namespace

const std::map<std::string, Bench::Handler>& Bench::handlers() {
  static const std::map<std::string, Handler> table{{"allow", &Bench::try_acquire},
                                                    {"success", &Bench::report},
                                                    {"failure", &Bench::report},
                                                    {"neutral", &Bench::report},
                                                    {"cancel", &Bench::report},
                                                    {"drop", &Bench::report},
                                                    {"connect_fail", &Bench::report},
                                                    {"rate_limit", &Bench::report},
                                                    {"state", &Bench::read},
                                                    {"login_fail", &Bench::report},
                                                    {"quota", &Bench::report},
                                                    {"reject", &Bench::report},
                                                    {"answered_elsewhere", &Bench::answered_elsewhere},
                                                    {"reset", &Bench::by_hand},
                                                    {"isolate", &Bench::by_hand},
                                                    {"release", &Bench::by_hand},
                                                    {"disable", &Bench::by_hand},
                                                    {"enable", &Bench::by_hand},
                                                    {"crash", &Bench::crash},
                                                    {"restart", &Bench::crash},
                                                    {"reboot", &Bench::reboot},
                                                    {"wall_jump", &Bench::jump},
                                                    {"set_config", &Bench::set_config},
                                                    {"store_down", &Bench::store},
                                                    {"store_up", &Bench::store}};
  return table;
}

Result<Json> Bench::answer(const Json& line) {
  TRY(const std::string op, text_field(line, "op"));
  const auto handler = handlers().find(op);
  if (handler == handlers().end()) return fail(Code::invalid_argument, "no such op: " + op);
  TRY(const milliseconds at, time_field(line, "at_ms"));
  const milliseconds before = clock_.at();
  if (at < before)
    return fail(Code::invalid_argument,
                "at_ms: goes back from " + std::to_string(before.count()) + " to " + std::to_string(at.count()));
  clock_.set(at);
  auto answer = (this->*handler->second)(line);
  if (!answer) clock_.set(before);
  return answer;
}

Result<std::optional<Bench::After>> Bench::step(const std::string& process, const Step& what) {
  TRY(StateStore* const inner, stores_.of(process));
  After after;
  const Status done = Outage(*inner, down_).update(kBackend, [&](BackendState& state, const HostTime& now) {
    after = {};
    what(state.breaker, now, after);
    after.view = view(state.breaker, config_.policy, now);
  });
  if (done) return after;
  if (down_) return std::nullopt;
  return tl::unexpected(done.error());
}

Result<Json> Bench::try_acquire(const Json& line) {
  TRY(const std::string name, text_field(line, "call"));
  TRY(const std::string process, text_field(line, "proc"));
  if (const auto known = calls_.find(name); known != calls_.end() && known->second.live)
    return fail(Code::invalid_argument, "call: " + name + " already holds a permit");
  const LeaseRequest request{.owner = processes_.named(process, clock_.now().boot_id),
                             .token = "permit-" + std::to_string(++permits_),
                             .lease = config_.lease};
  const IsDead is_dead = [&](const ProcessId& owner) { return config_.owner_liveness && !processes_.runs(owner); };
  Ticket ticket;
  TRY(const auto after, step(process, [&](Breaker& breaker, const HostTime& now, After& told) {
        const Acquired allowed = delegate::try_acquire(breaker, now, request, is_dead);
        ticket = allowed.ticket;
        told.entered = allowed.entered;
      }));
  if (!after) ticket = Ticket{.kind = PermitKind::unguarded};
  const bool allowed = ticket.kind != PermitKind::denied;
  calls_[name] = Call{process, ticket, allowed};
  return described(Json{{"allowed", allowed}, {"kind", to_string(ticket.kind)}}, after);
}

Result<Json> Bench::report(const Json& line) {
  TRY(const std::string name, text_field(line, "call"));
  TRY(const auto retry_after, maybe_duration_field(line, "retry_after_ms"));
  const auto known = calls_.find(name);
  if (known == calls_.end()) return fail(Code::invalid_argument, "call: no permit was given to " + name);
  const std::string op = line["op"].get<std::string>();
  CallReport report = report_of(op);
  report.retry_after = retry_after;
  if (op == "reject") {
    TRY_STATUS(take_prompt(line, report));
  }
  Call& call = known->second;
  const bool live = std::exchange(call.live, false);
  bool counted = false;
  TRY(const auto after, step(call.process, [&](Breaker& breaker, const HostTime& now, After& told) {
        if (!live) return;  // rejected or reported already: there is no permit left
        const Settled settled = settle(breaker, config_.policy, now, call.ticket, report);
        counted = settled.counted;
        told.entered = settled.entered;
        told.notified = settled.tripped;
      }));
  return described(Json{{"counted", after && counted}}, after);
}

Result<Json> Bench::answered_elsewhere(const Json& line) {
  CallReport report;
  TRY_STATUS(take_prompt(line, report));
  bool counted = false;
  TRY(const auto after, step(kOperator, [&](Breaker& breaker, const HostTime& now, After& told) {
        const Settled settled = delegate::answered_elsewhere(breaker, config_.policy, now, report);
        counted = settled.counted;
        told.entered = settled.entered;
        told.notified = settled.tripped;
      }));
  return described(Json{{"counted", after && counted}}, after);
}

Result<Json> Bench::read(const Json&) {
  TRY(StateStore* const inner, stores_.of(kOperator));
  const auto reading = Outage(*inner, down_).read();
  if (!reading && !down_) return tl::unexpected(reading.error());
  std::optional<After> after;
  if (reading) {
    const auto found = reading->backends.find(kBackend);
    const Breaker breaker = found == reading->backends.end() ? Breaker{} : found->second.breaker;
    after = After{.view = view(breaker, config_.policy, reading->now)};
  }
  return described(Json::object(), after);
}

Result<Json> Bench::by_hand(const Json& line) {
  static const std::map<std::string, std::optional<BreakerState> (*)(Breaker&)> changes{
      {"reset", reset}, {"isolate", force_open}, {"release", release}, {"disable", disable}, {"enable", enable}};
  const auto change = changes.at(line["op"].get<std::string>());
  TRY(const auto after,
      step(kOperator, [&](Breaker& breaker, const HostTime&, After& told) { told.entered = change(breaker); }));
  return described(Json::object(), after);
}

/// Also `restart`: the next line that names the process starts it.
Result<Json> Bench::crash(const Json& line) {
  TRY(const std::string process, text_field(line, "proc"));
  processes_.kill(process);
  stores_.disconnect(process);
  std::erase_if(calls_, [&](const auto& entry) { return entry.second.process == process; });
  return current();
}

Result<Json> Bench::reboot(const Json&) {
  processes_.kill_all();
  stores_.disconnect_all();
  calls_.clear();
  clock_.reboot();
  return current();
}

Result<Json> Bench::jump(const Json& line) {
  TRY(const milliseconds delta, time_field(line, "delta_ms"));
  TRY_STATUS(clock_.jump(delta));
  return current();
}

Result<Json> Bench::set_config(const Json& line) {
  const auto given = line.find("config");
  if (given == line.end()) return fail(Code::invalid_argument, "config: missing");
  TRY(const Config changed, configured(config_, *given));
  if (changed.clock != config_.clock) return fail(Code::invalid_argument, "unsupported: clock, once it has begun");
  config_ = changed;
  return current();
}

Result<Json> Bench::store(const Json& line) {
  down_ = line["op"] == "store_down";
  return current();
}

Result<Json> Bench::current() { return read({}); }

}  // namespace delegate::lab
