#include <unistd.h>

#include <cstdio>
#include <exception>

#include "core/base/text.hpp"
#include "core/notify/desktop/deliver.hpp"
#include "core/notify/desktop/watchdog.hpp"
#include "core/os/confine.hpp"
#include "core/os/file.hpp"
#include "core/os/startup.hpp"

// delegate-notify: reads one notice on stdin and prints the result on stdout. A program of its own, so that delegate
// neither links a D-Bus library nor can hang in one.
namespace {

using namespace delegate;
using namespace delegate::notify::desktop;

enum : int { kDelivered = 0, kNotDelivered = 1, kBadInput = 2 };

Result<Notice> read_notice(int argc) {
  if (argc > 1) return fail(Code::invalid_argument, "unexpected argument: the notice is read as JSON from stdin");
  TRY(const std::string text, read_all(STDIN_FILENO, kLargestNotice));
  return notice_of(text);
}

int run(int argc) {
  reserve_standard_streams();
  confine_to_reading();  // it needs the bus and nothing else; a kernel that cannot do it is no reason to stay silent
  end_process_in(kInputTimeout);
  const auto notice = read_notice(argc);
  if (!notice) {
    std::fprintf(stderr, "delegate-notify: %s\n", one_line(notice.error().what).c_str());
    return kBadInput;
  }
  end_process_in(longest_stage(notice->budget));
  const NoticeResult result = deliver(*notice, inherited_environment(), [&](milliseconds timeout) {
    end_process_in(timeout + longest_stage(notice->budget));
  });
  if (const Status written = write_all(STDOUT_FILENO, to_json(result) + "\n"); !written) {
    std::fprintf(stderr, "delegate-notify: %s\n", one_line(written.error().what).c_str());
    return kNotDelivered;
  }
  const bool done = notice->summary.empty() ? result.closed.value_or(false) : result.delivered;
  return done ? kDelivered : kNotDelivered;
}

}  // namespace

int main(int argc, char** /*argv*/) {
  try {  // exceptions end here
    return run(argc);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "delegate-notify: internal error: %s\n", error.what());
    return kNotDelivered;
  }
}
