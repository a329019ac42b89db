#pragma once
#include "core/base/deadline.hpp"
#include "core/run/call.hpp"
#include "core/run/lines.hpp"

namespace delegate {

/// Folds a call's output into a Reading, line by line, and says when there is enough of it. Everything it is given must
/// outlive it.
class Reader {
 public:
  Reader(const Backend& backend, const Task& task, Deadline end, Reading& reading, const OnReading& on_reading)
      : backend_(backend), task_(task), end_(end), reading_(reading), on_reading_(on_reading) {}

  Flow take(Stream stream, std::string_view bytes);
  /// The output is over: its last line may have had no newline.
  void finish();

 private:
  bool gives_up();
  Lines& lines(Stream stream) { return stream == Stream::out ? out_ : err_; }

  const Backend& backend_;
  const Task& task_;
  Deadline end_;
  Reading& reading_;
  const OnReading& on_reading_;
  Lines out_;
  Lines err_;
};

}  // namespace delegate
