#include "core/run/refresh_quota.hpp"

#include "core/base/text.hpp"
#include "core/run/call.hpp"
#include "core/run/check.hpp"
#include "core/run/quota_report.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLongestQuery{30'000};

/// What the CLI itself says; nothing: it offers no way to ask, or did not answer.
std::optional<QuotaReading> ask_cli(const Engine& engine, const Candidate& candidate, const CancelToken& cancel) {
  auto query = candidate.backend->quota_query(candidate.task);
  if (!query) return std::nullopt;
  ChildSpec spec;
  spec.argv = std::move(query->argv);
  spec.env = std::move(query->env);
  spec.input = query->input;
  spec.keeps_input_open = true;
  spec.clocks.total = Deadline::in(kLongestQuery);
  std::string out;
  std::optional<QuotaReading> reading;
  const auto result = run_child(spec, cancel, [&](Stream stream, std::string_view bytes) {
    if (stream != Stream::out || reading) return Flow::go_on;
    out += bytes;
    if (out.size() > kLongestRecord) return Flow::stop;
    if (bytes.find('\n') != std::string_view::npos)
      reading = candidate.backend->quota_of_answer(out, engine.clock.now().wall);
    return reading ? Flow::finish : Flow::go_on;
  });
  if (!result || !reading || reading->empty()) return std::nullopt;
  reading->source = "refresh";
  return reading;
}

/// A call that is sent elsewhere may state the figures of another login.
std::optional<Error> why_not_taken(const UntrustedChanges& changed) {
  if (changed.distrust != Distrust::everything) return std::nullopt;
  return Error{Code::permission_denied,
               "its figures would not count: " + changed.file + " is not trusted and sets " + join(changed.keys, ", "),
               "ask in another directory"};
}

}  // namespace

QuotaRefresh refresh_quota(const Engine& engine, const Candidate& candidate, const CancelToken& cancel) {
  QuotaRefresh refresh{.backend = candidate.name};
  if ((refresh.problem = why_not_taken(candidate.task.settings.changed_by))) return refresh;
  if (auto reading = ask_cli(engine, candidate, cancel)) {
    refresh.was_asked = true;
    const auto noted = engine.breakers.note_quota(candidate.name, quota_report(engine, candidate, std::move(reading)));
    if (!noted) refresh.problem = noted.error();
    return refresh;
  }
  const PingAnswer answer = ping(engine, candidate, cancel);
  if (!answer.works) refresh.problem = Error{Code::unavailable, answer.message, answer.hint};
  return refresh;
}

}  // namespace delegate
