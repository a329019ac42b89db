#include "cli/mcp/asked.hpp"

#include <array>
#include <cerrno>

#include "core/base/duration.hpp"
#include "core/base/text.hpp"

namespace delegate::cli::server {
namespace {

std::string size_of(std::int64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes / 1000) + "." + std::to_string(bytes % 1000 / 100) + " kB";
}

}  // namespace

Asked::Asked(const mcp::Call& call, Request request, bool in_background, milliseconds patience, std::size_t longest)
    : request_(std::move(request)),
      in_background_(in_background),
      longest_(longest),
      patience_(Deadline::in(patience)),
      news_(call.wants_progress) {}

void Asked::hand_over() {
  const auto done = process_->hand_over();
  // One that is gone says so with the end of its words.
  handed_over_ = done.value_or(true);
}

std::optional<jobs::JobEvent> Asked::take(const jobs::JobEvent& told) {
  if (const auto* accepted = std::get_if<jobs::job_event::Accepted>(&told)) accepted_ = *accepted;
  else if (const auto* progress = std::get_if<jobs::job_event::Progress>(&told)) progress_ = *progress;
  else if (std::holds_alternative<jobs::job_event::Begun>(told)) begun_ = true;
  else return told;
  return std::nullopt;
}

std::optional<jobs::JobEvent> Asked::hear() {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(process_->words().get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  if (count <= 0) return jobs::job_event::Failed{"the run's process ended without an answer", "see `delegate runs`"};
  words_.append(buffer.data(), static_cast<std::size_t>(count));
  for (std::size_t end; (end = words_.find('\n')) != std::string::npos;) {
    const jobs::JobEvent told = jobs::job_event_from(std::string_view(words_).substr(0, end));
    words_.erase(0, end + 1);
    if (auto last = take(told)) return last;
  }
  return std::nullopt;
}

bool Asked::is_to_be_left() const {
  const bool can_go_on = accepted_ && accepted_->no_store.empty();
  return can_go_on && (in_background_ || patience_.passed());
}

std::string Asked::doing() const {
  if (!is_started() || (accepted_ && !begun_)) {
    const int ahead = accepted_ ? accepted_->ahead : 0;
    return "waits for its turn" + (ahead > 0 ? ", " + std::to_string(ahead) + " before it" : std::string());
  }
  if (progress_.backend.empty()) return progress_.doing.empty() ? "starting" : one_line(progress_.doing, 200);
  std::string text = progress_.backend;
  if (!progress_.doing.empty()) text += " " + one_line(progress_.doing, 80);
  return text;
}

std::optional<std::string> Asked::news() {
  if (!news_.are_due()) return std::nullopt;
  const auto took = std::chrono::duration_cast<milliseconds>(news_.age());
  return doing() + ", " + format_took(took) + (progress_.bytes > 0 ? ", " + size_of(progress_.bytes) : "");
}

Deadline Asked::wake() const {
  const Deadline left = is_started() && accepted_ && accepted_->no_store.empty() ? patience_ : Deadline::never();
  return left.or_earlier(news_.next());
}

}  // namespace delegate::cli::server
