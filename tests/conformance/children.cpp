#include "tests/conformance/children.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/os/file.hpp"

namespace delegate {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  int fds[2] = {-1, -1};
  if (::pipe(fds) != 0) std::abort();
  return {Fd(fds[0]), Fd(fds[1])};
}

int wait_for(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

Children::Children() {
  Pipe pipe = make_pipe();
  gate_ = std::move(pipe.write);
  gate_wait_ = std::move(pipe.read);
}

Children::~Children() { kill_all(); }

void Children::add(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    gate_.reset();
    char end = 0;
    while (::read(gate_wait_.get(), &end, 1) > 0) {}
    ::_exit(body());
  }
  pids_.push_back(pid);
}

std::vector<int> Children::finish() {
  open_gate();
  std::vector<int> ends;
  for (const pid_t pid : pids_) ends.push_back(wait_for(pid));
  pids_.clear();
  return ends;
}

void Children::kill_all() {
  for (const pid_t pid : pids_)
    if (pid > 0) ::kill(pid, SIGKILL);
  for (const pid_t pid : pids_)
    if (pid > 0) wait_for(pid);
  pids_.clear();
}

std::string in_child(const std::function<std::string()>& body) {
  Pipe pipe = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    pipe.read.reset();
    const std::string text = body();
    ::_exit(write_all(pipe.write.get(), text) ? 0 : 1);
  }
  pipe.write.reset();
  auto text = read_all(pipe.read.get(), 1u << 20);
  return wait_for(pid) == 0 && text ? *text : "(died)";
}

Whistle::Whistle() {
  Pipe pipe = make_pipe();
  read_ = std::move(pipe.read);
  write_ = std::move(pipe.write);
}

void Whistle::blow() const {
  if (::write(write_.get(), "!", 1) != 1) std::abort();
}

void Whistle::wait() const {
  char word = 0;
  if (::read(read_.get(), &word, 1) != 1) std::abort();
}

}  // namespace delegate
