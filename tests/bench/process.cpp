#include "tests/bench/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace delegate::bench {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Child::Child(const Program& program, Input input) : name_(program.argv.back()) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) fail("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input == Input::pipe) posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  else posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  const int failed = posix_spawn(&pid_, program.argv[0].c_str(), &actions, nullptr, pointers(program.argv).data(),
                                 pointers(program.env).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
  if (failed != 0) fail("does not start");
}

Child::~Child() {
  close_input();
  ::close(out_);
  if (pid_ != 0) ::waitpid(pid_, nullptr, 0);
}

void Child::write_line(std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  if (::write(in_, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) fail("does not read");
}

std::string Child::read_line() {
  std::array<char, 4096> buffer{};
  std::size_t end = 0;
  while ((end = read_.find('\n')) == std::string::npos) {
    const ssize_t count = ::read(out_, buffer.data(), buffer.size());
    if (count <= 0) fail("ended too early");
    read_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

void Child::close_input() {
  if (in_ >= 0) ::close(std::exchange(in_, -1));
}

std::string Child::finish() {
  close_input();
  std::array<char, 4096> buffer{};
  for (ssize_t count; (count = ::read(out_, buffer.data(), buffer.size())) > 0;)
    read_.append(buffer.data(), static_cast<std::size_t>(count));
  int status = 1;
  ::waitpid(std::exchange(pid_, 0), &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("failed");
  return std::exchange(read_, {});
}

void Child::fail(const char* what) const {
  std::fprintf(stderr, "bench: %s: %s\n", name_.c_str(), what);
  std::_Exit(1);
}

void evict(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

double percent_in_memory(const std::filesystem::path& file) {
  const std::size_t size = std::filesystem::file_size(file);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, size, PROT_NONE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return 100;
  std::vector<unsigned char> pages((size + 4095) / 4096);
  ::mincore(mapped, size, pages.data());
  ::munmap(mapped, size);
  const auto resident = std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; });
  return 100.0 * static_cast<double>(resident) / static_cast<double>(pages.size());
}

}  // namespace delegate::bench
