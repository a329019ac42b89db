#include "cli/terminal/output.hpp"

#include <unistd.h>

#include "cli/exit_code.hpp"
#include "cli/terminal/terminal.hpp"
#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/run/run_record.hpp"

namespace delegate::cli {

namespace {

constexpr std::size_t kLongestNote = 8192;

bool takes_escapes(const World& world, int stream) {
  if (world.color == "never" || ::isatty(stream) != 1) return false;
  return world.color == "always" || (world.variable("NO_COLOR").empty() && world.variable("TERM") != "dumb");
}

}  // namespace

Output::Output(const World& world)
    : out_(world.out),
      err_(world.err),
      json_(world.json),
      painted_(world.color == "always" || takes_escapes(world, world.out)),
      lively_(takes_escapes(world, world.err)),
      redact_(world.environment) {}

int Output::answer(std::string_view text) const {
  const Status written = write_all(out_, text);
  if (written || written.error().code == Code::closed) return 0;
  error({written.error().code, "stdout: " + written.error().what, {}});
  return kInternal;
}

// When stderr itself cannot be written there is nowhere left to say so.
// Words of others stand in these lines: nothing in them may steer the terminal.
void Output::note(std::string_view line) const {
  static_cast<void>(write_all(err_, redact_(one_line(line, kLongestNote)) + "\n"));
}

void Output::error(const Error& error) const {
  note("delegate: " + error.what);
  if (!error.hint.empty()) note("hint: " + error.hint);
}

void Output::remarks(const Remarks& remarks, bool quiet) const {
  for (const Remark& remark : remarks)
    if (!quiet || remark.is_about_failure) note(line_of(remark));
}

void Output::failure(const Error& failed, std::string_view outcome) const {
  error(failed);
  // The exit code tells the failure already; a stdout that cannot be written adds nothing to it.
  if (json_) static_cast<void>(quote(error_record(failed, outcome) + "\n"));
}

// The group in front can be told of one's own terminal alone; on another one there is no job control to respect.
bool Output::has_the_floor() const {
  if (!lively_) return false;
  const pid_t in_front = ::tcgetpgrp(err_);
  return in_front < 0 || in_front == ::getpgrp();
}

void Output::progress(std::string_view line) const {
  if (!has_the_floor()) return;
  static_cast<void>(
      write_all(err_, "\r\033[K" + cut_to_columns(redact_(one_line(line, 1000)), columns_of(err_).value_or(80) - 1)));
}

}  // namespace delegate::cli
