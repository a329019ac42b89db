#include "core/os/log_pipe.hpp"

#include "tests/unit/os/fake_child.hpp"

using namespace delegate_tests;

namespace {

/// A shell that does this with its log, whose path is $1.
ChildSpec logging(const std::string& script, const std::string& path) {
  ChildSpec spec = fake({});
  spec.argv = {"/bin/sh", "-c", script, "sh", path};
  return spec;
}

}  // namespace

TEST_CASE("a child's own log is read while it works, and is no part of its output") {
  const TemporaryDirectory directory;
  const auto pipe = make_log_pipe(directory / "log");
  REQUIRE(pipe.has_value());
  ChildSpec spec = logging("echo started; echo an event >> \"$1\"; exec sleep 60", directory / "log");
  spec.log = pipe->get();
  std::string seen;
  const ChildResult result = run(spec, [&](Stream stream, std::string_view bytes) {
    if (stream != Stream::log) return Flow::go_on;
    seen += bytes;
    return Flow::stop;
  });
  CHECK(result.end == ChildEnd::stopped);
  CHECK(seen == "an event\n");
  CHECK(result.out.text() == "started\n");
  CHECK(result.err.text().empty());
}

TEST_CASE("a child that only writes its log is silent") {
  const TemporaryDirectory directory;
  const auto pipe = make_log_pipe(directory / "log");
  REQUIRE(pipe.has_value());
  ChildSpec spec = logging("echo started; while :; do echo an event >> \"$1\"; sleep 0.1; done", directory / "log");
  spec.log = pipe->get();
  spec.clocks.idle = 400ms;
  CHECK(run(spec).end == ChildEnd::idle);
}

TEST_CASE("a child is never blocked by its log, however much it writes") {
  const TemporaryDirectory directory;
  const auto pipe = make_log_pipe(directory / "log");
  REQUIRE(pipe.has_value());
  ChildSpec spec = logging("head -c 5000000 /dev/zero >> \"$1\"; echo done", directory / "log");
  spec.log = pipe->get();
  const ChildResult result = run(spec);
  CHECK(result.end == ChildEnd::exited);
  CHECK(result.out.text() == "done\n");
}

TEST_CASE("a log pipe is private, is no file, and needs a free path") {
  const TemporaryDirectory directory;
  const auto pipe = make_log_pipe(directory / "log");
  REQUIRE(pipe.has_value());
  struct stat facts {};
  REQUIRE(::stat((directory / "log").c_str(), &facts) == 0);
  CHECK(S_ISFIFO(facts.st_mode));
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK_FALSE(make_log_pipe(directory / "log").has_value());
}
