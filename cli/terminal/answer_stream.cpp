#include "cli/terminal/answer_stream.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {

AnswerStream::AnswerStream(const World& world, const std::optional<markdown::Layout>& layout)
    : world_(world), on_terminal_(is_terminal(world.out)) {
  if (layout) layout_.emplace(*layout);
}

void AnswerStream::write(std::string_view text) {
  begun_ = begun_ || !text.empty();
  if (layout_) print(layout_->add(text));
  else if (on_terminal_) print(escape_controls(text));
  else print(text);
}

void AnswerStream::print(std::string_view text) {
  if (text.empty() || !status_) return;
  at_line_start_ = text.back() == '\n';
  status_ = write_all(world_.out, text, world_.interrupted);
}

void AnswerStream::end_line() {
  if (layout_) print(layout_->finish());
  if (!at_line_start_) print("\n");
}

void AnswerStream::add(const OutputDelta& delta) {
  if (delta.reset) {
    end_line();
    written_ = 0;
    end_.clear();
    held_.clear();
  }
  const std::size_t last = delta.text.find_last_not_of("\r\n");
  held_ += delta.text;
  if (last == std::string::npos) return;
  const std::size_t end = held_.size() - delta.text.size() + last + 1;
  const std::string_view text = std::string_view(held_).substr(0, end);
  write(text);
  note_written(text);
  held_.erase(0, end);
}

/// Only the end is kept: it is enough to check later that the answer begins with what was written.
void AnswerStream::note_written(std::string_view text) {
  constexpr std::size_t kEnd = 1u << 20;
  written_ += text.size();
  end_ += text;
  if (end_.size() > 2 * kEnd) end_.erase(0, end_.size() - kEnd);
}

bool AnswerStream::continues_with(std::string_view text, std::size_t streamed) const {
  if (written_ < streamed || written_ > streamed + text.size()) return false;
  const std::size_t both = std::min(end_.size(), written_ - streamed);
  const std::string_view before = text.substr(0, written_ - streamed);
  return before.substr(before.size() - both) == std::string_view(end_).substr(end_.size() - both);
}

int AnswerStream::finish(const Output& output, std::string_view text, std::size_t streamed) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (!continues_with(text, streamed)) {
    end_line();
    output.note("delegate: ignore the draft above; final answer:");
    written_ = streamed = 0;
  }
  write(text.substr(written_ - streamed));
  if (!text.empty()) write("\n");
  if (layout_) print(layout_->finish());
  return output.exit_code_of(status_);
}

int AnswerStream::break_off(const Output& output) {
  end_line();
  return output.exit_code_of(status_);
}

}  // namespace delegate::cli
