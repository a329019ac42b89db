#include "core/run/reader.hpp"

#include <algorithm>

#include "core/run/failure_rules.hpp"
#include "core/run/judge.hpp"

namespace delegate {

Flow Reader::take(Stream stream, std::string_view bytes) {
  lines(stream).feed(bytes, [&](std::string_view line) { read(stream, line); });
  if (on_parsed_) on_parsed_(parsed_);
  const std::size_t longest =
      std::max({parsed_.text.size(), parsed_.draft.size(), parsed_.event.body.size(), parsed_.spoken.waiting()});
  if (longest > kLongestAnswer) {
    parsed_.failure = Failure{Outcome::bad_output, "the answer is longer than 64 MB", {}};
    return Flow::stop;
  }
  if (parsed_.complete) return Flow::finish;
  if (!backend_.is_process() && (parsed_.end_announced || parsed_.failure)) return Flow::wind_up;
  return gives_up() ? Flow::stop : Flow::go_on;
}

void Reader::finish() {
  for (const Stream stream : {Stream::out, Stream::err})
    lines(stream).finish([&](std::string_view line) { read(stream, line); });
}

void Reader::read(Stream stream, std::string_view line) {
  backend_.read(parsed_, task_, stream, line);
  if (!parsed_.failure) return;
  apply_rules(task_.settings, {parsed_.failure->message}, *parsed_.failure);
  // A final record repeats what was said before; each retry says it again.
  const bool is_news = parsed_.failure->message != said_ || (parsed_.failure->retrying && !parsed_.failure->said_at);
  if (is_news) said_ = parsed_.failure->message, said_at_ = steady_now();
  parsed_.failure->said_at = said_at_;
}

bool Reader::gives_up() {
  if (!parsed_.failure) return false;
  auto end = end_of_retries(*parsed_.failure, end_.left());
  if (!end) return false;
  parsed_.failure = std::move(end);
  return true;
}

}  // namespace delegate
