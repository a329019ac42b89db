#include "cli/terminal/answer_stream.hpp"

#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {

AnswerStream::AnswerStream(const World& world) : world_(world), on_terminal_(is_terminal(world.out)) {}

void AnswerStream::write(std::string_view text) {
  if (text.empty() || !status_) return;
  begun_ = true;
  at_line_start_ = text.back() == '\n';
  status_ = on_terminal_ ? write_all(world_.out, escape_controls(text), world_.interrupted)
                         : write_all(world_.out, text, world_.interrupted);
}

void AnswerStream::end_line() {
  if (begun_ && !at_line_start_) write("\n");
}

void AnswerStream::add(const OutputDelta& delta) {
  if (delta.reset) {
    end_line();
    out_.clear();
    held_.clear();
  }
  const std::size_t last = delta.text.find_last_not_of("\r\n");
  held_ += delta.text;
  if (last == std::string::npos) return;
  const std::size_t end = held_.size() - delta.text.size() + last + 1;
  write(std::string_view(held_).substr(0, end));
  out_ += held_.substr(0, end);
  held_.erase(0, end);
}

int AnswerStream::finish(const Output& output, const std::string& answer) {
  const std::string whole = with_newline(answer);
  if (whole.starts_with(out_)) {
    write(std::string_view(whole).substr(out_.size()));
    return output.exit_code_of(status_);
  }
  end_line();
  output.note("delegate: ignore the draft above; final answer:");
  write(whole);
  return output.exit_code_of(status_);
}

int AnswerStream::break_off(const Output& output) {
  end_line();
  return output.exit_code_of(status_);
}

}  // namespace delegate::cli
