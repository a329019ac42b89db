#pragma once
#include "core/base/deadline.hpp"
#include "core/run/call.hpp"
#include "core/run/lines.hpp"

namespace delegate {

/// Folds a call's output into a ParsedOutput, line by line, and says when there is enough of it. Everything it is given
/// must outlive it.
class Reader {
 public:
  Reader(const Backend& backend, const Task& task, Deadline end, ParsedOutput& parsed, const OnParsed& on_parsed)
      : backend_(backend), task_(task), end_(end), parsed_(parsed), on_parsed_(on_parsed) {}

  Flow take(Stream stream, std::string_view bytes);
  /// The output is over: its last line may have had no newline.
  void finish();

 private:
  bool gives_up();
  Lines& lines(Stream stream) { return stream == Stream::out ? out_ : err_; }

  const Backend& backend_;
  const Task& task_;
  Deadline end_;
  ParsedOutput& parsed_;
  const OnParsed& on_parsed_;
  Lines out_;
  Lines err_;
};

}  // namespace delegate
