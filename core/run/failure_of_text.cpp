#include "core/run/failure_of_text.hpp"

#include "core/run/judge.hpp"
#include "core/run/reader.hpp"

namespace delegate {
namespace {

constexpr std::size_t kKeptOfText = 64u << 10;
constexpr int kUnexplained = 400;  // a status that says nothing by itself

Failure failure_printed_on(Stream stream, const Backend& backend, const Task& task, std::string_view text,
                           ParsedOutput& parsed) {
  const OnParsed nothing;
  Reader reader(backend, task, Deadline::never(), parsed, nothing);
  reader.take(stream, text);
  reader.finish();
  ChildResult result;
  result.exit_code = 1;
  result.input_written = true;
  HeadAndTail& printed = stream == Stream::out ? result.out : result.err;
  printed = HeadAndTail(kKeptOfText, kKeptOfText);
  printed.add(text);
  return judge_process(backend, task, parsed, result);
}

}  // namespace

Failure failure_of_text(const Backend& backend, const Task& task, std::string_view text) {
  ParsedOutput parsed;
  if (!backend.is_process()) {
    HttpResult result;
    result.status = kUnexplained;
    result.body = text;
    return judge_http(backend, task, parsed, result);
  }
  Failure failure = failure_printed_on(Stream::out, backend, task, text, parsed);
  if (parsed.failure || parsed.complete) return failure;
  parsed = {};
  return failure_printed_on(Stream::err, backend, task, text, parsed);
}

}  // namespace delegate
