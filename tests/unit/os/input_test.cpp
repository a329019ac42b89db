#include "core/os/input.hpp"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "core/os/launch.hpp"
#include "core/os/pipe_io.hpp"

// What is read from stdin and pipes: to the end, within limits, and never past a cancel.
using namespace delegate;

namespace {

Pipe pipe_with(std::string_view bytes) {
  Pipe pipe = *make_pipe("test");
  REQUIRE(::write(pipe.write.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return pipe;
}

}  // namespace

TEST_CASE("input is read to its end") {
  Pipe pipe = pipe_with("hello\n");
  pipe.write.reset();
  CHECK(read_input(pipe.read.get(), {}, CancelToken{}) == "hello\n");
}

TEST_CASE("input above the limit is refused") {
  Pipe pipe = pipe_with("hello");
  pipe.write.reset();
  CHECK(read_input(pipe.read.get(), {.bytes = 4}, CancelToken{}).error().code == Code::resource_exhausted);
}

TEST_CASE("a cancel ends the wait for input, even if there is some") {
  const Pipe pipe = pipe_with("hello");
  CancelToken cancel;
  cancel.cancel();
  CHECK(read_input(pipe.read.get(), {}, cancel).error().code == Code::cancelled);
}

TEST_CASE("slow input is reported once") {
  Pipe pipe = *make_pipe("test");
  int reports = 0;
  const InputLimits limits{.slow = milliseconds(1), .on_slow = [&] {
                             ++reports;
                             pipe.write.reset();
                           }};
  CHECK(read_input(pipe.read.get(), limits, CancelToken{}) == "");
  CHECK(reports == 1);
}

TEST_CASE("a pipe is a stream, /dev/null is nothing, a directory is one") {
  const Pipe pipe = *make_pipe("test");
  CHECK(input_kind(pipe.read.get()) == InputKind::stream);
  CHECK(input_kind(open_input("/dev/null")->get()) == InputKind::nothing);
  CHECK(input_kind(open_input("/")->get()) == InputKind::directory);
  CHECK_FALSE(open_input("/nonexistent"));
}

TEST_CASE("what is written to a full pipe without waiting is either all or nothing") {
  const Pipe pipe = *make_pipe("test");
  const std::string line(1000, 'x');
  for (int i = 0; i < 1000; ++i) write_if_room(pipe.write.get(), line);
  std::string read;
  while (has_input(pipe.read.get())) read_some(pipe.read.get(), read);
  CHECK(!read.empty());
  CHECK(read.size() % line.size() == 0);
}

TEST_CASE("a pipe without its other end is closed for the writer and at its end for the reader") {
  Pipe one = *make_pipe("test");
  one.read.reset();
  CHECK(write_some(one.write.get(), "x").error().code == Code::closed);
  Pipe other = *make_pipe("test");
  other.write.reset();
  std::string read;
  CHECK(read_some(other.read.get(), read) == ReadState::end);
}
