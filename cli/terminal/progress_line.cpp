#include "cli/terminal/progress_line.hpp"

#include <algorithm>

#include "cli/render/render.hpp"
#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kTick{1'000};

milliseconds elapsed(Steady since) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since);
}

}  // namespace

Narrator::Narrator(const Output& output, const AskCommand& command, AnswerStream& answer, CancelToken& give_up)
    : output_(output), command_(command), answer_(answer), give_up_(give_up) {}

void Narrator::asking(const std::string& backend, bool probe) {
  asked_.push_back({.backend = backend, .probe = probe});
  if (command_.verbose)
    output_.note("delegate: asking " + backend + (probe ? " (probe: it was failing before) …" : " …"));
  draw();
}

void Narrator::skipped(const Skip& skip) {
  if (command_.verbose) output_.note("delegate: " + describe(skip));
  if (is_news(skip)) passed_.push_back(describe_shortly(skip));
}

void Narrator::output(const std::string& backend, const OutputDelta& delta) {
  for (Asked& asked : asked_)
    if (asked.backend == backend && delta.doing) asked.doing = *delta.doing;
  if (delta.reset || !delta.text.empty()) {
    if (answer_.shares_terminal()) clear();  // the answer's first byte ends the line that stood there
    answer_.add(delta);
    if (answer_.is_closed()) give_up_.cancel();
  }
  draw();
}

void Narrator::ended(const Attempt& attempt) {
  std::erase_if(asked_, [&](const Asked& asked) { return asked.backend == attempt.backend; });
  if (command_.verbose) output_.note("delegate: " + describe(attempt));
  if (!is_answer(attempt.outcome) && attempt.outcome != Outcome::not_installed)
    passed_.push_back(attempt.backend + " failed: " + std::string(to_string(attempt.outcome)));
  draw();
}

Deadline Narrator::tick() {
  if (!is_wanted() || asked_.empty()) return Deadline::never();
  draw();  // also where it may not now: a job comes back from the background without a word
  const milliseconds since = elapsed(asked_.front().since);
  return Deadline::in(kTick - since % kTick);
}

bool Narrator::is_wanted() const { return !command_.quiet && !command_.verbose && output_.err_is_lively(); }

bool Narrator::draws() const {
  if (!is_wanted() || !output_.has_the_floor()) return false;
  return !answer_.shares_terminal() || answer_.is_at_line_start();
}

std::string Narrator::line() const {
  std::string text;
  for (const Asked& asked : asked_) {
    text += (text.empty() ? "asking " : " and ") + asked.backend + (asked.probe ? " (probe)" : "");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed(asked.since));
    if (seconds.count() > 0) text += " " + format_wait(seconds);
    if (!asked.doing.empty()) text += ", " + asked.doing;
  }
  text += " …";
  for (const std::string& passed : passed_) text += " · " + passed;
  return text;
}

void Narrator::draw() {
  if (!draws() || asked_.empty()) return clear();
  std::string text = line();
  if (text == drawn_) return;
  output_.progress(text);
  drawn_ = std::move(text);
}

void Narrator::clear() {
  if (drawn_.empty()) return;
  output_.progress({});
  drawn_.clear();
}

}  // namespace delegate::cli
