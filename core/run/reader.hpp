#pragma once
#include <string>
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/run/call.hpp"

namespace delegate {

/// Splits a stream into lines, each with its newline. A line longer than the limit is passed on in pieces.
class Lines {
 public:
  static constexpr std::size_t kLongest = kLongestRecord;

  template <class OnLine>
  void feed(std::string_view bytes, OnLine&& on_line) {
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
      if (partial_.empty()) {
        on_line(bytes.substr(0, end + 1));
        continue;
      }
      partial_ += bytes.substr(0, end + 1);
      on_line(std::string_view(partial_));
      partial_.clear();
    }
    partial_ += bytes;
    if (partial_.size() >= kLongest) finish(on_line);
  }
  /// Passes on what follows the last newline.
  template <class OnLine>
  void finish(OnLine&& on_line) {
    if (!partial_.empty()) on_line(std::string_view(partial_));
    partial_.clear();
  }
  std::string_view partial() const { return partial_; }

 private:
  std::string partial_;
};

/// Where objects of JSON end in a response, found byte by byte.
class JsonEnds {
 public:
  void feed(std::string_view bytes);
  /// Objects that have ended, in the response and in its last line.
  std::size_t all() const { return all_; }
  std::size_t in_line() const { return in_line_; }
  /// Nothing but blanks has followed the last end.
  bool is_at_end() const { return is_at_end_; }

 private:
  std::size_t all_ = 0;
  std::size_t in_line_ = 0;
  std::size_t depth_ = 0;
  bool is_in_string_ = false;
  bool is_escaped_ = false;
  bool is_at_end_ = false;
};

/// Feeds a call's output to the backend's parser, line by line, and stops the call once the answer is complete. All
/// references must outlive it.
class Reader {
 public:
  Reader(const Backend& backend, const Task& task, Deadline end, ParsedOutput& parsed, const OnParsed& on_parsed)
      : backend_(backend), task_(task), end_(end), parsed_(parsed), on_parsed_(on_parsed) {}

  Flow take(Stream stream, std::string_view bytes);
  /// At the end of the output: its last line may have no newline.
  void finish();

 private:
  void read(Stream stream, std::string_view line);
  void stamp_failure();
  bool gives_up();
  Flow flow_of_response();
  bool ends_document();
  Lines& lines(Stream stream) { return stream == Stream::out ? out_ : stream == Stream::err ? err_ : log_; }

  const Backend& backend_;
  const Task& task_;
  Deadline end_;
  ParsedOutput& parsed_;
  const OnParsed& on_parsed_;
  Lines out_;
  Lines err_;
  Lines log_;
  JsonEnds ends_;             // of a response
  std::size_t judged_ = 0;    // so many objects had ended when it was last asked whether the document had
  bool has_ended_ = false;    // the document, as was said then
  std::size_t progress_ = 0;  // of `parsed_`, when it was last looked at
  std::string said_;          // the last failure's message, and when it came
  Steady said_at_ = steady_now();
};

}  // namespace delegate
