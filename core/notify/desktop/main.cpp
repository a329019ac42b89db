#include <unistd.h>

#include <cstdio>
#include <exception>

#include "core/base/text.hpp"
#include "core/notify/desktop/deliver.hpp"
#include "core/notify/desktop/watchdog.hpp"
#include "core/os/file.hpp"
#include "core/os/startup.hpp"

// delegate-notify: one notice on stdin, what became of it on stdout. A program of its own, so that delegate neither
// links a D-Bus library nor can be held up by one.
namespace {

using namespace delegate;
using namespace delegate::notify::desktop;

constexpr milliseconds kInputPatience{2000};
constexpr milliseconds kGrace{300};  // beyond a deadline that should have held
enum : int { kDelivered = 0, kNotDelivered = 1, kBadInput = 2 };

Result<Notice> read_notice(int argc) {
  if (argc > 1) return fail(Code::invalid_argument, "arguments: there are none; the notice is JSON on stdin");
  TRY(const std::string text, read_all(STDIN_FILENO, kLargestNotice));
  return notice_of(text);
}

int run(int argc) {
  reserve_standard_streams();
  end_process_in(kInputPatience);
  const auto notice = read_notice(argc);
  if (!notice) {
    std::fprintf(stderr, "delegate-notify: %s\n", one_line(notice.error().what).c_str());
    return kBadInput;
  }
  end_process_in(notice->budget + kGrace);
  const Delivery delivery =
      deliver(*notice, inherited_environment(), [](milliseconds patience) { end_process_in(patience + kGrace); });
  if (const Status said = write_all(STDOUT_FILENO, to_json(delivery) + "\n"); !said) {
    std::fprintf(stderr, "delegate-notify: %s\n", one_line(said.error().what).c_str());
    return kNotDelivered;
  }
  const bool done = notice->summary.empty() ? delivery.closed.value_or(false) : delivery.delivered;
  return done ? kDelivered : kNotDelivered;
}

}  // namespace

int main(int argc, char** /*argv*/) {
  try {  // the last border where exceptions end
    return run(argc);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "delegate-notify: internal error: %s\n", error.what());
    return kNotDelivered;
  }
}
