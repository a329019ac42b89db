#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "core/os/child.hpp"
#include "core/os/process.hpp"
#include "tests/helpers/processes.hpp"
#include "tests/helpers/sha256.hpp"

// What the tests of child processes share: fake_cli as the child, and ways to see what is left of it.
namespace delegate_tests {

using namespace delegate;

using namespace std::chrono_literals;

inline std::string fake_cli() {
  if (const char* path = std::getenv("DELEGATE_FAKE_CLI")) return std::filesystem::absolute(path);
#ifdef FAKE_CLI
  return FAKE_CLI;
#else
  return "/nonexistent/fake_cli";
#endif
}

inline ChildSpec fake(std::vector<std::string> options) {
  ChildSpec spec;
  spec.argv = std::move(options);
  spec.argv.insert(spec.argv.begin(), fake_cli());
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.clocks.total = Deadline::in(60s);  // no test waits for it: it ends a test that would hang
  spec.term_grace = 5s;
  spec.drain_grace = 20ms;
  return spec;
}

inline ChildResult run(const ChildSpec& spec, const OnOutput& on_output = {}) {
  const CancelToken never;
  auto result = run_child(spec, never, on_output);
  INFO((result ? std::string() : result.error().what));
  REQUIRE(result);
  return std::move(*result);
}

inline Error failure_of(const ChildSpec& spec) {
  const CancelToken never;
  auto result = run_child(spec, never);
  REQUIRE_FALSE(result);
  return result.error();
}

/// The pid that fake_cli announces as "sleeper PID".
inline int sleeper_of(const ChildResult& result) {
  const std::string text = result.err.text();
  REQUIRE(text.find("sleeper ") == 0);
  return std::stoi(text.substr(8));
}

/// SIGKILL is sent before the call returns, but a process takes a moment to die.
inline bool dies(int pid) {
  const Deadline patience = Deadline::in(20s);
  while (is_running(pid)) {
    if (patience.passed()) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::size_t open_fds() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

inline std::string random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(1 + engine() % 255);
  return bytes;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/delegate-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace delegate_tests
