// A fake AI CLI that misbehaves on request. Its options are carried out in the given order; everything after `--` is
// ignored (but shows in --args), and --version before it overrides all others. An unknown option is an error, so that
// no test passes because of a typing mistake. Sleepers end by themselves after an hour.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/helpers/sha256.hpp"

namespace {

constexpr unsigned kLongSleep = 3600;
constexpr int kUsage = 64;

[[noreturn]] void usage(const std::string& what) {
  std::fprintf(stderr, "fake_cli: %s\n", what.c_str());
  _exit(kUsage);
}

void put(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) _exit(74);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void put_line(int fd, std::string_view text) { put(fd, std::string(text) + "\n"); }

/// An array that ends with a null pointer.
void put_lines(char** texts) {
  for (; *texts != nullptr; ++texts) put_line(STDOUT_FILENO, *texts);
}

/// Passes everything from `fd` to `use` until its end.
template <class Use>
void drain(int fd, Use use) {
  static char buffer[64 << 10];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    use(std::string_view(buffer, static_cast<std::size_t>(count)));
  }
}

void play(const std::string& file, int to) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) usage("cannot play " + file);
  drain(fd, [&](std::string_view bytes) { put(to, bytes); });
  ::close(fd);
}

void hash_stdin() {
  delegate_tests::Sha256 sum;
  drain(STDIN_FILENO, [&](std::string_view bytes) { sum.add(bytes); });
  put_line(STDOUT_FILENO, sum.hex());
}

void sleep_for(unsigned long ms) {
  timespec left{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000) * 1000000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

[[noreturn]] void hang() {
  sleep_for(1000ul * kLongSleep);
  _exit(0);
}

std::string g_pids;  // with --pids

void append(const std::string& file, std::string_view line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) usage("cannot write " + file);
  put_line(fd, line);
  ::close(fd);
}

void announce(pid_t sleeper) {
  if (g_pids.empty()) put_line(STDERR_FILENO, "sleeper " + std::to_string(sleeper));
  else append(g_pids, std::to_string(sleeper));
}

void fork_sleeper() {
  const pid_t pid = ::fork();
  if (pid == 0) hang();
  announce(pid);
}

/// A background child that writes to our stdout only after we have exited and our input is closed. A caller who still
/// has input for us closes it when it notices our end, so input that no pipe can hold makes the order certain.
void fork_late_sayer(const std::string& text) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return announce(pid);
  while (::getppid() == parent) sleep_for(1);
  pollfd input{STDIN_FILENO, 0, 0};
  while ((input.revents & POLLHUP) == 0 && (::poll(&input, 1, -1) > 0 || errno == EINTR)) {}
  put_line(STDOUT_FILENO, text);
  hang();
}

void daemonise_sleeper() {
  const pid_t middle = ::fork();
  if (middle > 0) {
    ::waitpid(middle, nullptr, 0);
    return;
  }
  ::setsid();
  const pid_t sleeper = ::fork();
  if (sleeper == 0) hang();
  announce(sleeper);
  _exit(0);
}

/// A daemon that cannot be recognised by its environment, which is empty.
void daemonise_stranger() {
  const pid_t middle = ::fork();
  if (middle > 0) {
    ::waitpid(middle, nullptr, 0);
    return;
  }
  ::setsid();
  const pid_t sleeper = ::fork();
  if (sleeper > 0) {
    announce(sleeper);
    _exit(0);
  }
  char name[] = "stranger";
  char option[] = "--hang";
  char* argv[] = {name, option, nullptr};
  char* nothing[] = {nullptr};
  ::execve("/proc/self/exe", argv, nothing);
  _exit(71);
}

/// A chain of descendants, each the child of the one before, in its own session and ignoring SIGTERM.
[[noreturn]] void be_generation(unsigned long descendants, int all_there) {
  ::setsid();
  ::signal(SIGTERM, SIG_IGN);
  announce(::getpid());
  if (descendants > 0 && ::fork() == 0) be_generation(descendants - 1, all_there);
  ::close(all_there);
  hang();
}

void fork_generations(unsigned long count) {
  int ends[2];
  if (::pipe(ends) != 0) usage("no pipe");
  if (::fork() == 0) {
    ::close(ends[0]);
    be_generation(count - 1, ends[1]);
  }
  ::close(ends[1]);
  drain(ends[0], [](std::string_view) {});  // until all have closed it
  ::close(ends[0]);
}

/// A process that evades a scan of /proc: it forks and exits repeatedly, for a minute at most.
void fork_runner() {
  const pid_t pid = ::fork();
  if (pid > 0) return;
  ::setsid();
  const time_t end = ::time(nullptr) + 60;
  while (::time(nullptr) < end)
    if (::fork() > 0) _exit(0);
  _exit(0);
}

/// A number of bytes or milliseconds; k and M multiply by 1024 and 1048576.
unsigned long number(const std::string& text) {
  char* end = nullptr;
  unsigned long value = std::strtoul(text.c_str(), &end, 10);
  if (end == text.c_str()) usage("not a number: " + text);
  const std::string_view unit(end);
  if (unit == "k") return value << 10;
  if (unit == "M") return value << 20;
  if (!unit.empty()) usage("not a number: " + text);
  return value;
}

void flood(int fd, unsigned long bytes) {
  std::string line(1023, 'x');
  line += '\n';
  for (; bytes >= line.size(); bytes -= line.size()) put(fd, line);
  put(fd, std::string_view(line).substr(0, bytes));
}

[[noreturn]] void die(std::string name) {
  if (name.compare(0, 3, "SIG") == 0) name.erase(0, 3);
  for (int candidate = 1; candidate < NSIG; ++candidate) {
    const char* known = ::sigabbrev_np(candidate);
    if (known == nullptr || name != known) continue;
    ::signal(candidate, SIG_DFL);
    ::raise(candidate);
  }
  usage("not a deadly signal: " + name);
}

void list_fds() {
  std::vector<int> fds;
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) usage("no /proc");
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') fds.push_back(std::atoi(entry->d_name));
  }
  const int own = ::dirfd(directory);
  std::sort(fds.begin(), fds.end());
  for (const int fd : fds)
    if (fd != own) put_line(STDOUT_FILENO, std::to_string(fd));
  ::closedir(directory);
}

/// Signals that are blocked or ignored, one name per line.
void list_signals() {
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  for (int candidate = 1; candidate < NSIG; ++candidate) {
    const char* name = ::sigabbrev_np(candidate);
    if (name == nullptr) continue;
    struct sigaction now {};
    ::sigaction(candidate, nullptr, &now);
    if (::sigismember(&blocked, candidate) == 1) put_line(STDOUT_FILENO, "blocked " + std::string(name));
    if (now.sa_handler == SIG_IGN) put_line(STDOUT_FILENO, "ignored " + std::string(name));
  }
}

void note_pids_in(const std::string& file) {
  g_pids = file;
  announce(::getpid());
}

void wait_for(const std::string& file) {
  struct stat facts {};
  while (::stat(file.c_str(), &facts) != 0) sleep_for(2);
}

/// Works without a word.
void burn(unsigned long ms) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto end =
      static_cast<unsigned long>(now.tv_sec) * 1000 + static_cast<unsigned long>(now.tv_nsec) / 1000000 + ms;
  do ::clock_gettime(CLOCK_MONOTONIC, &now);
  while (static_cast<unsigned long>(now.tv_sec) * 1000 + static_cast<unsigned long>(now.tv_nsec) / 1000000 < end);
}

/// Reads from a port of 127.0.0.1 until its end, without a word.
void receive_from(unsigned long port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) usage("cannot connect");
  drain(fd, [](std::string_view) {});
  ::close(fd);
}

void print_cwd() {
  char path[PATH_MAX];
  if (::getcwd(path, sizeof path) == nullptr) usage("no working directory");
  put_line(STDOUT_FILENO, path);
}

void print_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  put_line(STDOUT_FILENO, value == nullptr ? "(unset)" : value);
}

/// Options without a value. False: not one of them.
bool plain(const std::string& option, char** argv) {
  if (option == "--echo") drain(STDIN_FILENO, [](std::string_view bytes) { put(STDOUT_FILENO, bytes); });
  else if (option == "--read-stdin") drain(STDIN_FILENO, [](std::string_view) {});
  else if (option == "--close-stdin") ::close(STDIN_FILENO);
  else if (option == "--sha256") hash_stdin();
  else if (option == "--args") put_lines(argv + 1);
  else if (option == "--environ") put_lines(environ);
  else if (option == "--cwd") print_cwd();
  else if (option == "--fds") list_fds();
  else if (option == "--signals") list_signals();
  else if (option == "--hang") hang();
  else if (option == "--ignore-term") ::signal(SIGTERM, SIG_IGN);
  else if (option == "--fork-sleeper") fork_sleeper();
  else if (option == "--daemonise-sleeper") daemonise_sleeper();
  else if (option == "--daemonise-stranger") daemonise_stranger();
  else if (option == "--fork-runner") fork_runner();
  else if (option == "--half-json") put(STDOUT_FILENO, "{\"type\":\"result\",\"result\":\"an answer that is cu");
  else if (option == "--stop-self") ::raise(SIGSTOP);
  else return false;
  return true;
}

/// Options with a value. False: not one of them.
bool valued(const std::string& option, const std::string& value) {
  if (option == "--say") put_line(STDOUT_FILENO, value);
  else if (option == "--err") put_line(STDERR_FILENO, value);
  else if (option == "--env") print_env(value);
  else if (option == "--flood") flood(STDOUT_FILENO, number(value));
  else if (option == "--flood-err") flood(STDERR_FILENO, number(value));
  else if (option == "--fork-late-sayer") fork_late_sayer(value);
  else if (option == "--exit") _exit(static_cast<int>(number(value)));
  else if (option == "--die") die(value);
  else if (option == "--delay") sleep_for(number(value));
  else if (option == "--burn") burn(number(value));
  else if (option == "--receive") receive_from(number(value));
  else if (option == "--touch") append(value, "spawned");
  else if (option == "--pids") note_pids_in(value);
  else if (option == "--fork-generations") fork_generations(number(value));
  else if (option == "--wait-file") wait_for(value);
  else if (option == "--play") play(value, STDOUT_FILENO);
  else if (option == "--play-err") play(value, STDERR_FILENO);
  else return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> options(argv + 1, argv + argc);
  const auto end = std::find(options.begin(), options.end(), "--");
  if (std::find(options.begin(), end, "--version") != end) {
    put_line(STDOUT_FILENO, "fake_cli 1.2.3");
    return 0;
  }
  for (auto option = options.begin(); option < end; ++option) {
    if (plain(*option, argv)) continue;
    if (option + 1 == end) usage("unknown option or no value: " + *option);
    if (!valued(*option, *(option + 1))) usage("unknown option: " + *option);
    ++option;
  }
  return 0;
}
