#include "core/jobs/lifeline.hpp"

#include <array>

#include "core/os/pipe_io.hpp"

namespace delegate::jobs {

Lifeline Lifeline::already_detached() {
  Lifeline lifeline(-1);
  lifeline.detached_ = true;
  return lifeline;
}

std::optional<std::string> Lifeline::read_request(const CancelToken& cancel) {
  std::string text;
  while (wait_for_input(fd_, cancel)) {
    const std::size_t searched = text.size();
    if (read_some(fd_, text) == ReadState::end) return std::nullopt;
    const std::size_t end = text.find('\n', searched);
    if (end == std::string::npos) continue;
    detached_ = text.find(kDetach, end) != std::string::npos;
    text.resize(end);
    return text;
  }
  return std::nullopt;
}

void Lifeline::read_within(Deadline deadline) {
  if (ended_ || detached_ || !wait_for_input(fd_, deadline)) return;
  std::string bytes;
  ended_ = read_some(fd_, bytes) == ReadState::end;
  detached_ = bytes.find(kDetach) != std::string::npos;
}

void Lifeline::wait(Deadline deadline) {
  while (!ended_ && !detached_ && !deadline.passed()) read_within(deadline);
}

void Lifeline::wait_beside(const CancelToken& cancel, std::array<int, 2> others, Deadline deadline) {
  const int own = ended_ || detached_ ? -1 : fd_;
  const std::array<int, 4> all{own, others[0], others[1], cancel.fd()};
  wait_for_any_input(all, cancel.fd() < 0 ? Deadline::in(CancelToken::kBlindCheck).or_earlier(deadline) : deadline);
  check();
}

}  // namespace delegate::jobs
