#include "core/os/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <limits>
#include <utility>

#include "core/base/deadline.hpp"
#include "core/base/text.hpp"
#include "core/os/fd.hpp"
#include "core/os/file.hpp"
#include "core/os/process_stat.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLargestEnvironment = 8u << 20;
constexpr int kKillRounds = 5;
constexpr std::string_view kSupervisor = "run-";
constexpr std::size_t kMostOfMark = 11;  // the kernel keeps 15 characters of a name
constexpr milliseconds kDeathPatience{1000};

/// The length of ".7" at the beginning of a text; 0: it begins otherwise.
std::size_t number_of_call(std::string_view text) {
  if (!text.starts_with('.')) return 0;
  const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
  return end > 1 ? end : 0;
}

/// Is there a variable that begins so, and goes on with `number_of_call` and then `/` or its end?
enum class After { nothing, number_of_call };
bool has_variable(int pid, const std::string& entry, After then = After::nothing) {
  const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ", kLargestEnvironment);
  if (!environment) return false;
  const std::string_view text = *environment;
  for (std::size_t at = text.find(entry); at != std::string_view::npos; at = text.find(entry, at + 1)) {
    if (at != 0 && text[at - 1] != '\0') continue;
    std::string_view rest = text.substr(at + entry.size());
    if (then == After::number_of_call) {
      const std::size_t number = number_of_call(rest);
      if (number == 0) continue;
      rest.remove_prefix(number);
    }
    if (rest.empty() || rest[0] == '\0' || rest[0] == '/') return true;
  }
  return false;
}

/// A living process of this user with a name that fits.
template <class Fits>
bool is_own_process(int pid, const Fits& fits) {
  const std::string number = std::to_string(pid);
  const auto process = read_stat(number);
  if (!process || !fits(process->name) || process->state == 'Z' || process->state == 'X') return false;
  struct stat facts {};
  return ::stat(("/proc/" + number).c_str(), &facts) == 0 && facts.st_uid == ::geteuid();
}

bool is_supervisor_of_run(const std::string& name, const std::string& run) {
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  const std::string call = name.substr(dot);
  return !call.empty() && number_of_call(call) == call.size() && name == supervisor_name(run + call);
}

/// The tag is checked again once the pidfd is open, so that the process that has the tag is the one that is killed.
Fd kill_if_tagged(int pid, const std::string& entry) {
  Fd process = open_pidfd(pid);
  if (!process || !has_variable(pid, entry)) return Fd();
  if (!send_signal(process, SIGKILL)) return Fd();
  return process;
}

void wait_for_death(const std::vector<Fd>& processes) {
  const Deadline patience = Deadline::in(kDeathPatience);
  for (const Fd& process : processes) {
    pollfd entry{process.get(), POLLIN, 0};
    ::poll(&entry, 1, static_cast<int>(patience.left()->count()));
  }
}

/// A process in a time namespace that is not ahead by whole ticks knows its own start to one tick.
bool is_same_start(const ProcessStat& stat, const ProcessId& process) {
  return process.start_time >= stat.start_time - 1 && process.start_time <= stat.start_time + 1;
}

std::int64_t pid_namespace() {
  struct stat facts {};
  return ::stat("/proc/self/ns/pid", &facts) == 0 ? static_cast<std::int64_t>(facts.st_ino) : 0;
}

// ---- children, without allocating -----------------------------------------------------------------------------------

pid_t number(std::string_view text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

/// The numbers of a file of any length.
std::size_t read_list(const Fd& file, std::span<pid_t> out) {
  std::array<char, 4096> buffer;
  std::size_t found = 0;
  pid_t value = 0;
  for (ssize_t count = 0; (count = ::read(file.get(), buffer.data(), buffer.size())) > 0;)
    for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
      if (c >= '0' && c <= '9') {
        value = value * 10 + (c - '0');
      } else if (value != 0) {
        if (found == out.size()) return found;
        out[found++] = std::exchange(value, 0);
      }
    }
  return found;
}

/// The fourth field. The second one, a name in parentheses, may contain anything.
pid_t parent_of(const Fd& all, const char* pid) {
  const Fd directory(::openat(all.get(), pid, O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Fd file(::openat(directory.get(), "stat", O_RDONLY | O_CLOEXEC));
  std::array<char, 512> line{};
  const ssize_t count = file ? ::read(file.get(), line.data(), line.size()) : 0;
  if (count <= 0) return 0;
  const std::string_view text(line.data(), static_cast<std::size_t>(count));
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos || text.size() < name_end + 5) return 0;
  const std::string_view rest = text.substr(name_end + 4);
  return number(rest.substr(0, rest.find(' ')));
}

/// For kernels without CONFIG_PROC_CHILDREN.
std::size_t search_all(std::span<pid_t> out) {
  const Fd directory(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return 0;
  alignas(dirent64) std::array<char, 8192> buffer;
  const pid_t self = ::getpid();
  std::size_t found = 0;
  long size = 0;
  while ((size = ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size())) > 0)
    for (long at = 0; at < size && found < out.size();) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const pid_t pid = number(entry->d_name);
      if (pid > 0 && parent_of(directory, entry->d_name) == self) out[found++] = pid;
    }
  return found;
}

}  // namespace

std::string own_executable() {
  std::string link = "/proc/self/exe";
  const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));  // NOLINT: it is one
  if (started == nullptr || ::access(link.c_str(), X_OK) == 0) return link;
  std::error_code unknown;
  const auto file = std::filesystem::canonical(started, unknown);
  return unknown ? link : file.string();
}

std::string own_file() {
  std::error_code unknown;
  const auto link = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (!unknown) return link.string();
  const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));  // NOLINT: it is one
  if (started == nullptr || *started != '/') return {};
  const auto file = std::filesystem::canonical(started, unknown);
  return unknown ? std::string() : file.string();
}

// By number, because glibc 2.36 declares the wrappers without C linkage.
Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

bool send_signal(const Fd& pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

std::size_t own_children(std::span<pid_t> out) {
  const Fd list(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC));
  return list ? read_list(list, out) : search_all(out);
}

bool is_executable_file(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// By number, because a sanitizer's prctl takes a lock that another thread may have held at the time of the fork.
void set_process_name(const char* name) { ::syscall(SYS_prctl, PR_SET_NAME, name, 0, 0, 0); }

ProcessId this_process(const std::string& boot_id) {
  const auto stat = read_stat("self");
  return ProcessId{.boot_id = boot_id,
                   .pid = ::getpid(),
                   .start_time = stat ? stat->start_time : 0,
                   .pid_namespace = pid_namespace()};
}

bool is_alive(const ProcessId& process, const std::string& boot_id) {
  if (process.boot_id != boot_id) return false;
  // A container that shares the state with us has its own pids, which mean nothing here.
  if (process.pid_namespace != 0 && process.pid_namespace != pid_namespace()) return true;
  if (process.pid <= 0 || process.pid > std::numeric_limits<pid_t>::max()) return false;
  if (const auto stat = read_stat(std::to_string(process.pid)))
    return is_same_start(*stat, process) && stat->state != 'Z' && stat->state != 'X';
  // Not readable does not mean gone: /proc may hide other users' processes.
  return ::kill(static_cast<pid_t>(process.pid), 0) == 0 || errno != ESRCH;
}

bool is_doomed(const ProcessId& process, const std::string& boot_id) {
  if (!is_alive(process, boot_id)) return true;
  const bool is_here = process.pid_namespace == 0 || process.pid_namespace == pid_namespace();
  const auto stat = is_here ? read_stat(std::to_string(process.pid)) : std::nullopt;
  return stat && is_same_start(*stat, process) && is_ending(*stat);
}

std::string supervisor_name(std::string_view mark) {
  if (mark.empty()) return "run-supervisor";
  return std::string(kSupervisor) + std::string(mark.substr(mark.size() - std::min(mark.size(), kMostOfMark)));
}

bool is_supervisor_name(std::string_view name) {
  if (!name.starts_with(kSupervisor) || name.size() != kSupervisor.size() + kMostOfMark) return false;
  const std::string_view mark = name.substr(kSupervisor.size());
  const std::size_t dot = mark.find('.');
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_id = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); };
  return dot != std::string_view::npos && dot > 0 && dot + 1 < mark.size() &&
         std::all_of(mark.begin(), mark.begin() + static_cast<std::ptrdiff_t>(dot), is_id) &&
         std::all_of(mark.begin() + static_cast<std::ptrdiff_t>(dot) + 1, mark.end(), is_digit);
}

std::vector<int> processes_tagged(const std::string& name, const std::string& value) {
  std::vector<int> found;
  if (name.empty() || value.empty()) return found;
  const std::string entry = name + "=" + value;
  const auto is_supervisor = [&](const std::string& named) { return named == supervisor_name(value); };
  const int self = ::getpid();
  for (const int pid : all_processes())
    if (pid != self && (has_variable(pid, entry) || is_own_process(pid, is_supervisor))) found.push_back(pid);
  return found;
}

bool has_processes_of_run(const std::string& name, const std::string& run) {
  if (name.empty() || run.empty()) return false;
  const std::string entry = name + "=" + run;
  const auto is_supervisor = [&](const std::string& named) { return is_supervisor_of_run(named, run); };
  const int self = ::getpid();
  const std::vector<pid_t> all = all_processes();
  return std::any_of(all.begin(), all.end(), [&](pid_t pid) {
    return pid != self && (has_variable(pid, entry, After::number_of_call) || is_own_process(pid, is_supervisor));
  });
}

int kill_tagged(const std::string& name, const std::string& value) {
  int killed = 0;
  for (int round = 0; round < kKillRounds; ++round) {  // repeated, because one may have forked meanwhile
    std::vector<Fd> dying;
    for (const int pid : processes_tagged(name, value))
      if (Fd process = kill_if_tagged(pid, name + "=" + value)) dying.push_back(std::move(process));
    if (dying.empty()) break;
    killed += static_cast<int>(dying.size());
    wait_for_death(dying);
  }
  return killed;
}

std::vector<std::string> places_of_command(const std::string& command, const std::string& path) {
  if (command.empty()) return {};
  if (command[0] == '/') return {command};
  if (command.find('/') != std::string::npos) return {};
  std::vector<std::string> places;
  for (const std::string_view directory : split(path, ':')) {
    if (directory.empty() || directory[0] != '/') continue;  // never the working directory
    places.emplace_back(directory);
    places.back().append(directory.back() == '/' ? "" : "/").append(command);
  }
  return places;
}

std::optional<std::string> find_executable(const std::string& command, const std::string& path) {
  std::vector<std::string> places = places_of_command(command, path);
  const auto found = std::find_if(places.begin(), places.end(), is_executable_file);
  return found == places.end() ? std::nullopt : std::optional(std::move(*found));
}

}  // namespace delegate
