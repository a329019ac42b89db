#include "core/os/activity.hpp"

#include "tests/helpers/loopback.hpp"
#include "tests/unit/os/fake_child.hpp"

// Signs of life of a child that prints nothing. Most say a word first, because silence counts from then on, and one at
// their end, which only a child that was left alone reaches.
using namespace delegate_tests;

namespace {

ChildSpec silent(std::vector<std::string> how) {
  how.insert(how.begin(), {"--say", "begins"});
  how.insert(how.end(), {"--say", "ends"});
  ChildSpec spec = fake(std::move(how));
  spec.clocks.idle = 800ms;  // a busy machine may let it wait for a quarter of that
  return spec;
}

bool is_left_alone(const ChildSpec& spec) { return run(spec).out.text() == "begins\nends\n"; }

void send_slowly(const Listener& listener, int pieces) {
  const Connection client(listener.accept());
  for (int i = 0; i < pieces; ++i) {
    static_cast<void>(::send(client.fd(), "x", 1, MSG_NOSIGNAL));
    ::poll(nullptr, 0, 60);
  }
}

}  // namespace

TEST_CASE("a silent child that computes is alive") { CHECK(is_left_alone(silent({"--burn", "1800"}))); }

TEST_CASE("a silent child that receives bytes is alive") {
  const Listener listener;
  std::thread server([&] { send_slowly(listener, 28); });
  CHECK(is_left_alone(silent({"--receive", listener.port()})));
  server.join();
}

TEST_CASE("a silent child whose session file grows is alive") {
  const TemporaryDirectory directory;
  const std::string file = directory / "rollout-0123456789.jsonl";
  std::vector<std::string> how;
  for (int i = 0; i < 16; ++i) how.insert(how.end(), {"--touch", file, "--delay", "100"});
  ChildSpec spec = silent(how);
  spec.trace = [&] { return trace_of_files(directory.path(), "0123456789"); };
  CHECK(is_left_alone(spec));
}

TEST_CASE("of the files of a session only those that have changed meanwhile are read, and only their ends") {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "2026/11");
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(directory / (std::string("2026/11/") + name)) << text;
  };
  write("rollout-0123456789.jsonl", "earlier\nlast\n");
  write("rollout-9876543210.jsonl", "another session\n");
  const auto now = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  CHECK(ends_of_files(directory.path(), "0123456789", now - 60s, 5) == std::vector<std::string>{"last\n"});
  CHECK(ends_of_files(directory.path(), "0123456789", now - 60s, 100) == std::vector<std::string>{"earlier\nlast\n"});
  CHECK(ends_of_files(directory.path(), "0123456789", now + 60s, 100).empty());
  CHECK(ends_of_files(directory / "none", "0123456789", now - 60s, 100).empty());
}

TEST_CASE("a silent child that does none of it is hung, also if it wakes up now and then or has an idle connection") {
  ChildSpec spec = silent({"--hang"});
  const TemporaryDirectory directory;
  const Listener listener;
  SECTION("it sleeps") {}
  SECTION("it wakes up five hundred times a second") { spec = silent({"--wait-file", directory / "never"}); }
  SECTION("nothing arrives on its connection") { spec = silent({"--receive", listener.port()}); }
  SECTION("only another session's file grows") {
    spec.trace = [&, i = 0]() mutable {
      std::ofstream(directory / "rollout-9876543210.jsonl", std::ios::app) << ++i;
      return trace_of_files(directory.path(), "0123456789");
    };
  }
  const ChildResult result = run(spec);
  CHECK(result.end == ChildEnd::idle);
  CHECK_FALSE(result.since_last_work.has_value());
}

TEST_CASE("a child that announces nothing may compute in silence from its start, but not hang") {
  ChildSpec spec = fake({"--burn", "1800", "--say", "ends"});
  spec.announces_start = false;
  spec.clocks.first_output = 800ms;
  SECTION("it computes") { CHECK(run(spec).out.text() == "ends\n"); }
  SECTION("it sleeps") {
    spec.argv = {fake_cli(), "--hang"};
    CHECK(run(spec).end == ChildEnd::no_first_output);
  }
}

TEST_CASE("signs of life hold up no clock but those for silence") {
  SECTION("a child that announces its start and has not done so is hung") {
    ChildSpec spec = fake({"--burn", "60000"});
    spec.clocks.first_output = 150ms;
    spec.clocks.idle = 40ms;
    CHECK(run(spec).end == ChildEnd::no_first_output);
  }
  SECTION("in total, where they show that it was still working") {
    ChildSpec spec = silent({"--burn", "60000"});
    spec.clocks.total = Deadline::in(2s);
    const ChildResult result = run(spec);
    CHECK(result.end == ChildEnd::timed_out);
    CHECK(result.since_last_work.has_value());
  }
}

TEST_CASE("work is a share of the time, or any payload, also on a connection that is new") {
  const auto works = [](milliseconds cpu, std::map<std::uint64_t, std::uint64_t> received, milliseconds between = 45s) {
    const Activity before{.cpu = 10s, .received = {{1, 100}, {2, 7}}};
    return shows_work(before, {.cpu = 10s + cpu, .received = std::move(received)}, between);
  };
  CHECK_FALSE(works(0ms, {{1, 100}, {2, 7}}));
  CHECK_FALSE(works(890ms, {}));
  CHECK(works(900ms, {}));
  CHECK_FALSE(works(20ms, {}, 100ms));  // two ticks
  CHECK(works(30ms, {}, 100ms));
  CHECK(works(0ms, {{1, 101}}));
  CHECK_FALSE(works(0ms, {{3, 0}}));
  CHECK(works(0ms, {{3, 1}}));
}
