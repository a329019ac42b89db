#include "core/run/reader.hpp"

#include <algorithm>
#include <utility>

#include "core/run/failure_rules.hpp"
#include "core/run/judge.hpp"

namespace delegate {
namespace {

/// What an earlier record of the call said, and this one does not.
void add_unsaid(QuotaReading& reading, const QuotaReading& before) {
  for (const WindowReading& window : before.windows) {
    const auto is_it = [&](const WindowReading& one) { return one.name == window.name; };
    if (std::none_of(reading.windows.begin(), reading.windows.end(), is_it)) reading.windows.push_back(window);
  }
  if (!reading.overage) reading.overage = before.overage;
}

}  // namespace

void JsonEnds::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {  // no string of JSON goes on in the next line
      is_in_string_ = is_escaped_ = false;
      if (depth_ == 0) in_line_ = 0;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r') continue;
    is_at_end_ = false;
    if (is_escaped_) is_escaped_ = false;
    else if (is_in_string_ && c == '\\') is_escaped_ = true;
    else if (c == '"') is_in_string_ = !is_in_string_;
    else if (!is_in_string_ && c == '{') ++depth_;
    else if (!is_in_string_ && c == '}' && depth_ > 0 && --depth_ == 0) ++all_, ++in_line_, is_at_end_ = true;
  }
}

Flow Reader::take(Stream stream, std::string_view bytes) {
  if (!backend_.is_process()) {
    ends_.feed(bytes);
    parsed_.event.objects = ends_.all();
  }
  lines(stream).feed(bytes, [&](std::string_view line) { read(stream, line); });
  if (on_parsed_) on_parsed_(parsed_);
  if (!task_.keeps_answer) parsed_.forget_streamed();
  const std::size_t longest = std::max({parsed_.text.size(), parsed_.draft.size(), parsed_.spoken.waiting()});
  const bool is_body_too_long = parsed_.event.body.size() > kLongestRecord;
  if (longest > kLongestAnswer || is_body_too_long) {
    parsed_.event.body.clear();
    const char* what = is_body_too_long ? "the response is longer than 16 MB" : "the answer is longer than 64 MB";
    parsed_.failure = Failure{Outcome::bad_output, what, {}};
    return Flow::stop;
  }
  if (parsed_.complete) return Flow::finish;
  if (!backend_.is_process()) return flow_of_response();
  return gives_up() ? Flow::wind_up : Flow::go_on;  // the try may have succeeded while its notice was read
}

/// The end, once it seems to have come, is put off only by what belongs to the answer.
Flow Reader::flow_of_response() {
  const bool is_in_document = !parsed_.end_announced && out_.partial().starts_with('{');
  const bool is_news = std::exchange(progress_, parsed_.progress) != parsed_.progress || is_in_document;
  if (!is_news) return Flow::idle;
  const bool is_over = parsed_.end_announced || parsed_.failure || ends_document();
  return is_over ? Flow::wind_up : Flow::go_on;
}

/// Asked once for each object that ends: the document is read for the answer.
bool Reader::ends_document() {
  if (!ends_.is_at_end() || ends_.in_line() > 1) return false;
  if (std::exchange(judged_, ends_.all()) != ends_.all()) has_ended_ = backend_.ends_document(parsed_, out_.partial());
  return has_ended_;
}

void Reader::finish() {
  for (const Stream stream : {Stream::out, Stream::err})
    lines(stream).finish([&](std::string_view line) { read(stream, line); });
}

void Reader::read(Stream stream, std::string_view line) {
  // Taken out first: two records in a row may say the same, and the second one is the news.
  std::optional<QuotaReading> before = std::exchange(parsed_.quota, std::nullopt);
  backend_.read(parsed_, task_, stream, line);
  if (parsed_.quota) parsed_.quota_heard_at = steady_now();
  if (parsed_.quota && before) add_unsaid(*parsed_.quota, *before);
  else if (before) parsed_.quota = std::move(before);
  stamp_failure();
}

void Reader::stamp_failure() {
  if (!parsed_.failure) return;
  apply_rules(task_.settings, {parsed_.failure->message}, *parsed_.failure);
  // A final record repeats what was said before; each retry says it again.
  const bool is_news = parsed_.failure->message != said_ || (parsed_.failure->retrying && !parsed_.failure->said_at);
  if (is_news) said_ = parsed_.failure->message, said_at_ = steady_now();
  parsed_.failure->said_at = said_at_;
}

bool Reader::gives_up() {
  parsed_.hopeless = parsed_.failure ? end_of_retries(*parsed_.failure, end_.left()) : std::nullopt;
  return parsed_.hopeless.has_value();
}

}  // namespace delegate
