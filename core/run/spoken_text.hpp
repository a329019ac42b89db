#pragma once
#include <string>
#include <string_view>

namespace delegate {

/// Text that is added at one end and taken away at the other, both in linear time.
class TextQueue {
 public:
  void append(std::string_view text) {
    if (taken_ > text_.size() / 2) text_.erase(0, taken_), taken_ = 0;
    text_ += text;
  }
  void drop(std::size_t bytes) { taken_ += bytes; }
  void assign(std::string text) { text_ = std::move(text), taken_ = 0; }
  std::string_view text() const { return std::string_view(text_).substr(taken_); }

 private:
  std::string text_;
  std::size_t taken_ = 0;
};

/// Reads a text bit by bit: is code open behind it? A fence, a line that is indented like a block, or a span.
class CodeMarks {
 public:
  void read(std::string_view text);
  bool is_open() const { return is_fenced_ || is_tilde_fenced_ || is_block_ || is_span_; }

 private:
  bool is_fenced_ = false, is_tilde_fenced_ = false;
  bool is_block_ = false, is_span_ = false;  // in this line
  int ticks_ = 0, tildes_ = 0;               // in a row, of those that are no fence yet
  std::size_t column_ = 0, blanks_ = 0;      // of this line, at its beginning
};

/// How a text ended: by itself, or cut at a limit.
enum class TextEnd { whole, cut };

/// Separates a model's answer from what it thinks aloud, where the server leaves both in the content: in tags at its
/// beginning, before a closing tag whose opening one was part of the prompt, or in a channel of its own. Tags that an
/// answer quotes stay, and so do elements of XML, unless the model is known to think in such.
class SpokenText {
 public:
  /// The model thinks: its text is held back until it is sure to be the answer.
  void expect_thinking() { is_thinker_ = true; }
  /// The server separates what it thinks itself, but it may miss where that ends.
  void note_thought() { is_separated_ = has_thought_ = true; }

  /// Appends to `answer` what certainly belongs to it. False: the text so far turned out to be no part of the answer
  /// and was removed.
  bool add(std::string& answer, std::string_view piece);
  /// No more comes.
  void finish(std::string& answer, TextEnd end = TextEnd::whole);

  /// The text added so far can no longer be taken back.
  void make_certain() { is_certain_ = true; }

  /// How many bytes are held back.
  std::size_t waiting() const { return waiting_.text().size(); }
  bool is_begun() const { return is_begun_; }
  bool has_thought() const { return has_thought_; }
  /// As far as is known it is still thinking; at the end: it never began to answer.
  bool ended_in_thought() const {
    const bool is_thought_so_far = place_ == Place::held && is_thinker_;
    return place_ == Place::thinking || is_thought_so_far || (place_ == Place::channels && !is_shown_);
  }
  /// Text without an opening tag was left out, though the model is not known to think.
  bool has_guessed() const { return is_closed_ && !is_thinker_; }

 private:
  enum class Place { opening, thinking, channels, held, answer };
  // Each returns whether there may be more to do.
  bool open();
  bool skip_thought();
  bool hold();
  bool follow_channels(std::string& answer);
  bool read_header();
  bool say_rest(std::string& answer);

  bool begin_thought(std::string_view text);
  void begin_again(std::size_t behind);
  void go_to(Place place);

  Place place_ = Place::opening;
  TextQueue waiting_;  // not decided yet
  std::string_view end_of_thought_;
  std::string element_;       // of XML that is the answer if nothing follows it
  std::size_t searched_ = 0;  // of the waiting text or the answer: for what comes next
  CodeMarks code_;            // of a thought
  std::size_t read_ = 0;      // of the waiting text, by code_
  int quoted_ = 0;            // closing tags found there that end nothing
  bool is_thinker_ = false;
  bool is_separated_ = false;
  bool has_thought_ = false;
  bool is_closed_ = false;  // a closing tag without its opening one has ended a thought
  bool is_begun_ = false;
  bool in_header_ = true;  // of a channel
  bool is_final_ = false;  // the channel is that of the answer
  bool is_shown_ = false;  // such a channel has begun
  bool is_taken_back_ = false;
  bool is_certain_ = false;
};

}  // namespace delegate
