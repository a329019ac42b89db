#include "core/run/reader.hpp"

#include "core/run/retries.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLongestAnswer = 64u << 20;

}  // namespace

Flow Reader::take(Stream stream, std::string_view bytes) {
  lines(stream).feed(bytes, [&](std::string_view line) { backend_.read(reading_, task_, stream, line); });
  if (on_reading_) on_reading_(reading_);
  if (reading_.text.size() > kLongestAnswer || reading_.draft.size() > kLongestAnswer) {
    reading_.problem = Problem{Outcome::bad_output, "the answer is longer than 64 MB", {}};
    return Flow::stop;
  }
  if (reading_.complete) return Flow::finish;
  return gives_up() ? Flow::stop : Flow::go_on;
}

void Reader::finish() {
  for (const Stream stream : {Stream::out, Stream::err})
    lines(stream).finish([&](std::string_view line) { backend_.read(reading_, task_, stream, line); });
}

bool Reader::gives_up() {
  if (!reading_.problem) return false;
  auto end = end_of_retries(*reading_.problem, end_.left());
  if (!end) return false;
  reading_.problem = std::move(end);
  return true;
}

}  // namespace delegate
