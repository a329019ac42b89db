#include "cli/output.hpp"

#include <unistd.h>

#include "cli/exit_code.hpp"
#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {

int Output::answer(std::string_view text) const {
  const Status written = write_all(out_, text);
  if (written || written.error().code == Code::unavailable) return 0;
  error({written.error().code, "stdout: " + written.error().what, {}});
  return kInternal;
}

// When stderr itself cannot be written there is nowhere left to say so.
void Output::note(std::string_view line) const { static_cast<void>(write_all(err_, std::string(line) + "\n")); }

void Output::error(const Error& error) const {
  note("delegate: " + error.what);
  if (!error.hint.empty()) note("hint: " + error.hint);
}

bool Output::err_is_terminal() const { return ::isatty(err_) == 1; }

void Output::progress(std::string_view line) const {
  if (!err_is_terminal()) return;
  static_cast<void>(write_all(err_, "\r\033[K" + one_line(line, 100)));
}

std::string with_newline(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text + "\n";
}

}  // namespace delegate::cli
