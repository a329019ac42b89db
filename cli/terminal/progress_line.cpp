#include "cli/terminal/progress_line.hpp"

#include <algorithm>

#include "core/base/duration.hpp"
#include "core/health/outcome_words.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kRedrawInterval{1'000};

milliseconds elapsed(Steady since) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since);
}

}  // namespace

ProgressLine::ProgressLine(const Output& output, Volume volume, AnswerStream& answer, CancelToken& give_up)
    : output_(output), volume_(volume), answer_(answer), give_up_(give_up) {}

void ProgressLine::preferred(const Preference& preference) {
  if (volume_ == Volume::verbose) output_.note("delegate: " + describe(preference));
}

void ProgressLine::asking(const std::string& backend, bool probe) {
  calls_.push_back({.backend = backend, .probe = probe});
  waiting_.clear();
  if (volume_ == Volume::verbose)
    output_.note("delegate: asking " + backend + (probe ? " (probe: it failed before) …" : " …"));
  draw();
}

void ProgressLine::skipped(const Skip& skip) {
  if (volume_ == Volume::verbose) output_.note("delegate: " + describe(skip));
  if (is_news(skip)) skipped_.push_back(describe_shortly(skip));
}

void ProgressLine::output(const std::string& backend, const OutputDelta& delta) {
  for (OpenCall& call : calls_)
    if (call.backend == backend && delta.doing) call.doing = *delta.doing;
  if (delta.reset || !delta.text.empty()) {
    if (answer_.shares_terminal()) clear();  // the answer is printed where the line was
    answer_.add(delta);
    if (answer_.is_closed()) give_up_.cancel();
  }
  draw();
}

void ProgressLine::ended(const Attempt& attempt) {
  std::erase_if(calls_, [&](const OpenCall& call) { return call.backend == attempt.backend; });
  if (volume_ == Volume::verbose) output_.note("delegate: " + describe(attempt));
  if (!is_answer(attempt.outcome) && attempt.outcome != Outcome::not_installed)
    skipped_.push_back(attempt.backend + ": " + std::string(words_for(attempt.outcome)));
  draw();
}

void ProgressLine::waiting_for_slot(const std::vector<std::string>& backends, int ahead) {
  wait_for(slot_wait_words(backends, ahead));
}

void ProgressLine::waiting_for_state(const std::string& why) { wait_for("waiting: " + why); }
void ProgressLine::waiting_for_directory(const std::string& other_run, const std::string& directory) {
  wait_for(directory_wait_words(other_run, directory));
}

bool ProgressLine::cannot_be_undone(const std::string& why) {
  if (volume_ != Volume::quiet) output_.note("delegate: this run cannot be taken back: " + why);
  return true;
}

void ProgressLine::wait_for(const std::string& what) {
  if (volume_ == Volume::verbose && waiting_ != what) output_.note("delegate: " + what);
  waiting_ = what;
  draw();
}

Deadline ProgressLine::tick() {
  if (!is_enabled() || calls_.empty()) return Deadline::never();
  draw();  // nothing signals that a job has returned to the foreground
  const milliseconds since = elapsed(calls_.front().since);
  return Deadline::in(kRedrawInterval - since % kRedrawInterval);
}

bool ProgressLine::is_enabled() const { return volume_ == Volume::normal && output_.can_redraw(); }

bool ProgressLine::can_draw() const {
  if (!is_enabled() || !output_.owns_terminal()) return false;
  return !answer_.shares_terminal() || answer_.is_at_line_start();
}

std::string ProgressLine::line() const {
  std::string text;
  for (const OpenCall& call : calls_) {
    text += (text.empty() ? "asking " : " and ") + call.backend + (call.probe ? " (probe)" : "");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed(call.since));
    if (seconds.count() > 0) text += " " + format_wait(seconds);
    if (!call.doing.empty()) text += ", " + call.doing;
  }
  if (calls_.empty()) text = waiting_;
  text += " …";
  for (const std::string& reason : skipped_) text += " · " + reason;
  return text;
}

void ProgressLine::draw() {
  if (!can_draw() || (calls_.empty() && waiting_.empty())) return clear();
  std::string text = line();
  if (text == drawn_) return;
  output_.progress(text);
  drawn_ = std::move(text);
}

void ProgressLine::clear() {
  if (drawn_.empty()) return;
  output_.progress({});
  drawn_.clear();
}

}  // namespace delegate::cli
