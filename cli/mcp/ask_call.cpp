#include "cli/mcp/ask_call.hpp"

#include "core/base/duration.hpp"
#include "core/base/text.hpp"
#include "core/os/pipe_io.hpp"

namespace delegate::cli::server {
namespace {

std::string size_text(std::int64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes / 1000) + "." + std::to_string(bytes % 1000 / 100) + " kB";
}

}  // namespace

AskCall::AskCall(const mcp::Call& call, AskRequest asked, bool in_background, milliseconds patience,
                 std::size_t max_result)
    : asked_(std::move(asked)),
      in_background_(in_background),
      max_result_(max_result),
      patience_(Deadline::in(patience)),
      progress_timer_(call.wants_progress) {}

std::vector<std::string> AskCall::notes() const {
  std::vector<std::string> notes = asked_.notes;
  if (in_background_ && accepted_ && !accepted_->no_store.empty())
    notes.push_back("it could not run in the background: " + one_line(accepted_->no_store, 200));
  return notes;
}

void AskCall::start(jobs::JobProcess process, std::string run_id) {
  process_.emplace(std::move(process));
  asked_.request.run_id = std::move(run_id);
  ++starts_;
  has_ended_ = false;
  process_->give(request());
  send_request();
}

void AskCall::send_request() {
  // If the process has ended, `receive` reports that.
  is_request_sent_ = process_->send_request().value_or(true);
}

bool AskCall::take(const jobs::JobEvent& event) {
  if (const auto* accepted = std::get_if<jobs::job_event::Accepted>(&event)) accepted_ = *accepted;
  else if (const auto* progress = std::get_if<jobs::job_event::Progress>(&event)) progress_ = *progress;
  else if (std::holds_alternative<jobs::job_event::Started>(event)) has_run_started_ = true;
  else return true;
  return false;
}

std::optional<jobs::JobEvent> AskCall::receive() {
  if (!has_input(process_->output().get())) return std::nullopt;
  const auto events = process_->receive();
  has_ended_ = !events;
  if (!events) return jobs::job_event::Failed{"the run's process ended without an answer", {}};
  for (const jobs::JobEvent& event : *events)
    if (take(event)) return event;
  return std::nullopt;
}

bool AskCall::is_to_be_detached() const {
  const bool can_go_on = accepted_ && accepted_->no_store.empty();
  return can_go_on && (in_background_ || patience_.passed());
}

std::string AskCall::doing() const {
  if (!is_started() || (accepted_ && !has_run_started_)) {
    const int ahead = accepted_ ? accepted_->ahead : 0;
    return "queued" + (ahead > 0 ? ", " + std::to_string(ahead) + " ahead of it" : std::string());
  }
  if (progress_.backend.empty()) return progress_.doing.empty() ? "starting" : one_line(progress_.doing, 200);
  return progress_.backend + (progress_.doing.empty() ? "" : " " + one_line(progress_.doing, 80));
}

std::optional<std::string> AskCall::progress() {
  if (!progress_timer_.is_due()) return std::nullopt;
  const auto took = std::chrono::duration_cast<milliseconds>(progress_timer_.age());
  return doing() + ", " + format_took(took) + (progress_.bytes > 0 ? ", " + size_text(progress_.bytes) : "");
}

Deadline AskCall::wake() const {
  const bool can_go_on = is_started() && accepted_ && accepted_->no_store.empty();
  return (can_go_on ? patience_ : Deadline::never()).or_earlier(progress_timer_.next());
}

}  // namespace delegate::cli::server
