#include "cli/terminal/output.hpp"

#include "core/base/exit_code.hpp"
#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/terminal.hpp"
#include "core/run/run_record.hpp"

namespace delegate::cli {

namespace {

constexpr std::size_t kLongestNote = 8192;
constexpr std::string_view kErrorLabel = "delegate:";
constexpr std::string_view kHintLabel = "hint:";
constexpr std::string_view kRed = "31";
constexpr std::string_view kCyan = "36";

bool takes_escapes(const World& world, int stream) {
  if (world.color == "never" || !is_terminal(stream)) return false;
  return world.color == "always" || (world.variable("NO_COLOR").empty() && world.variable("TERM") != "dumb");
}

}  // namespace

Output::Output(const World& world)
    : out_(world.out),
      err_(world.err),
      on_terminal_(is_terminal(world.out)),
      json_(world.json),
      painted_(world.color == "always" || takes_escapes(world, world.out)),
      redraws_(takes_escapes(world, world.err)),
      redact_(world.environment) {}

int Output::answer(std::string_view text) const {
  return exit_code_of(on_terminal_ ? write_all(out_, escape_steering(text)) : write_all(out_, text));
}

int Output::exit_code_of(const Status& written) const {
  if (written || written.error().code == Code::closed || written.error().code == Code::cancelled) return kAnswered;
  error({written.error().code, "stdout: " + written.error().what, {}});
  return kInternal;
}

// A failed write to stderr cannot be reported anywhere. The line may quote text from elsewhere, so control characters
// are removed.
void Output::line(std::string_view text, std::string_view label, std::string_view colour) const {
  std::string shown = redact_(one_line(text, kLongestNote));
  if (redraws_ && !colour.empty() && shown.starts_with(label))
    shown = "\033[" + std::string(colour) + "m" + std::string(label) + "\033[0m" + shown.substr(label.size());
  static_cast<void>(write_all(err_, shown + "\n"));
}

void Output::note(std::string_view text) const { line(text); }

void Output::error(const Error& error) const {
  line("delegate: " + error.what, kErrorLabel, kRed);
  if (!error.hint.empty()) line("hint: " + error.hint, kHintLabel, kCyan);
}

void Output::remarks(const Remarks& remarks, bool quiet) const {
  for (const Remark& remark : remarks) {
    if (quiet && !remark.is_about_failure) continue;
    if (remark.kind == Remark::Kind::error) line(line_of(remark), kErrorLabel, kRed);
    else if (remark.kind == Remark::Kind::hint) line(line_of(remark), kHintLabel, kCyan);
    else note(line_of(remark));
  }
}

void Output::failure(const Error& failed, std::string_view outcome) const {
  error(failed);
  // The exit code already reports the failure, so a failed write to stdout adds nothing.
  if (json_) static_cast<void>(quote(error_record(failed, outcome) + "\n"));
}

bool Output::owns_terminal() const { return redraws_ && is_in_foreground(err_); }

void Output::progress(std::string_view line) const {
  if (!owns_terminal()) return;
  static_cast<void>(
      write_all(err_, "\r\033[K" + cut_to_columns(redact_(one_line(line, 1000)),
                                                  terminal_size(err_).value_or(TerminalSize{}).columns - 1)));
}

}  // namespace delegate::cli
