#include "core/os/activity.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "core/base/text.hpp"
#include "core/os/fd.hpp"

namespace delegate {
namespace {

/// Node, Bun and Tokio wake up many times a second while they wait, which takes well below one percent; parsing a
/// stream, a tool or a compiler takes far more.
constexpr double kIdleShare = 0.02;
/// The kernel counts in ticks of 10 ms: fewer than these may be rounding.
constexpr milliseconds kLeastCpu{30};
constexpr int kMostFiles = 20'000;

template <class Number>
Number number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : Number{};
}

/// The names in a directory of /proc that are numbers.
std::vector<pid_t> numbers_in(const std::string& path) {
  std::vector<pid_t> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return found;
  // glibc's readdir is safe for streams of one thread's own. NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* entry = ::readdir(directory.get()))
    if (const auto number = number_of<pid_t>(entry->d_name); number > 0) found.push_back(number);
  return found;
}

struct ProcessTimes {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint64_t ticks = 0;  // of the process and of those of its children that it has reaped
};

/// The fields start after the name, which is in parentheses and may contain anything.
ProcessTimes times_of(pid_t pid) {
  const auto line = read_file("/proc/" + std::to_string(pid) + "/stat", 64u << 10);
  const std::size_t name_end = line ? line->rfind(") ") : std::string::npos;
  if (name_end == std::string::npos) return {};
  const auto fields = split(std::string_view(*line).substr(name_end + 2), ' ');  // from field 3 on
  if (fields.size() < 15) return {};
  ProcessTimes times{.pid = pid, .parent = number_of<pid_t>(fields[1])};
  for (std::size_t field = 11; field <= 14; ++field) times.ticks += number_of<std::uint64_t>(fields[field]);
  return times;
}

std::vector<ProcessTimes> tree_below(pid_t root) {
  std::vector<ProcessTimes> others;
  std::vector<ProcessTimes> tree;
  for (const pid_t pid : numbers_in("/proc"))
    if (const ProcessTimes times = times_of(pid); times.pid != 0) (pid == root ? tree : others).push_back(times);
  for (std::size_t at = 0; at < tree.size(); ++at)
    for (const ProcessTimes& other : others)
      if (other.parent == tree[at].pid) tree.push_back(ProcessTimes(other));
  return tree;
}

void add_sockets(pid_t pid, std::set<std::uint64_t>& inodes) {
  const std::string directory = "/proc/" + std::to_string(pid) + "/fd";
  constexpr std::string_view kSocket = "socket:[";
  std::array<char, 64> target{};
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) return;
  // As above. NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* entry = ::readdir(open.get())) {
    const ssize_t size = ::readlink((directory + "/" + entry->d_name).c_str(), target.data(), target.size());
    const std::string_view text(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (text.starts_with(kSocket) && text.ends_with(']'))
      inodes.insert(number_of<std::uint64_t>(text.substr(kSocket.size(), text.size() - kSocket.size() - 1)));
  }
}

using End = std::array<std::uint32_t, 5>;  // an address and its port

struct Connection {
  std::uint64_t inode = 0;
  std::uint64_t received = 0;
  End local{};
  End peer{};
};

End end_from(const __be32 (&address)[4], __be16 port) { return {address[0], address[1], address[2], address[3], port}; }

Connection read_connection(const nlmsghdr& header) {
  inet_diag_msg message{};
  if (header.nlmsg_len < NLMSG_LENGTH(sizeof message)) return {};
  const char* data = reinterpret_cast<const char*>(&header) + NLMSG_HDRLEN;
  std::memcpy(&message, data, sizeof message);
  Connection found{.inode = message.idiag_inode,
                   .local = end_from(message.id.idiag_src, message.id.idiag_sport),
                   .peer = end_from(message.id.idiag_dst, message.id.idiag_dport)};
  std::size_t at = NLMSG_ALIGN(sizeof message);
  const std::size_t size = header.nlmsg_len - NLMSG_HDRLEN;
  while (at + sizeof(rtattr) <= size) {
    rtattr attribute{};
    std::memcpy(&attribute, data + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > size) break;
    tcp_info info{};
    const std::size_t given = std::min<std::size_t>(attribute.rta_len - RTA_LENGTH(0), sizeof info);
    if (attribute.rta_type == INET_DIAG_INFO) std::memcpy(&info, data + at + RTA_LENGTH(0), given);
    found.received = std::max<std::uint64_t>(found.received, info.tcpi_bytes_received);
    at += RTA_ALIGN(attribute.rta_len);
  }
  return found;
}

bool ask_for_connections(const Fd& kernel, int family) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = static_cast<__u8>(family);
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_ext = 1 << (INET_DIAG_INFO - 1);
  question.request.idiag_states = ~0u;
  return ::send(kernel.get(), &question, sizeof question, 0) == sizeof question;
}

/// The TCP sockets of this network namespace that `inodes` names.
void add_connections(int family, const std::set<std::uint64_t>& inodes, std::vector<Connection>& found) {
  const Fd kernel(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval patience{.tv_sec = 1, .tv_usec = 0};  // the kernel answers at once
  if (!kernel || ::setsockopt(kernel.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) return;
  if (!ask_for_connections(kernel, family)) return;
  alignas(nlmsghdr) std::array<char, 32u << 10> buffer;
  for (ssize_t size = 0; (size = ::recv(kernel.get(), buffer.data(), buffer.size(), 0)) > 0;) {
    auto left = static_cast<unsigned>(size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return;
      const Connection connection = read_connection(*header);
      if (connection.inode != 0 && inodes.count(connection.inode) != 0) found.push_back(connection);
    }
  }
}

/// A helper that talks to its own program only, as a tool server on the loopback address does, proves nothing.
bool is_internal(const Connection& one, const std::vector<Connection>& all) {
  return std::any_of(all.begin(), all.end(),
                     [&](const Connection& other) { return other.local == one.peer && other.peer == one.local; });
}

/// Calls `take` for each regular file below the directory whose path (below it) contains `part`.
template <class Take>
void each_file(const Path& directory, const std::string& part, Take&& take) {
  namespace fs = std::filesystem;
  std::error_code error;
  const std::size_t below = directory.native().size();
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied, error);
  for (int seen = 0; !error && entry != fs::recursive_directory_iterator() && seen < kMostFiles; ++seen) {
    const std::string& path = entry->path().native();
    struct stat facts {};
    if (path.find(part, below) != std::string::npos && ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode))
      take(path, facts);
    entry.increment(error);
  }
}

std::string end_of_file(const std::string& path, off_t size, std::size_t most) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return {};
  const auto start = std::max(size - static_cast<off_t>(most), off_t{0});
  std::string end(static_cast<std::size_t>(size - start), '\0');
  std::size_t had = 0;
  while (had < end.size()) {
    const ssize_t got = ::pread(file.get(), end.data() + had, end.size() - had, start + static_cast<off_t>(had));
    if (got <= 0) break;
    had += static_cast<std::size_t>(got);
  }
  end.resize(had);
  return end;
}

}  // namespace

Activity activity_of_tree(pid_t root) {
  Activity activity;
  if (root <= 0) return activity;
  std::uint64_t ticks = 0;
  std::set<std::uint64_t> inodes;
  for (const ProcessTimes& process : tree_below(root)) {
    ticks += process.ticks;
    add_sockets(process.pid, inodes);
  }
  const long per_second = std::max(::sysconf(_SC_CLK_TCK), 1L);
  activity.cpu = milliseconds(ticks * 1000 / static_cast<std::uint64_t>(per_second));
  if (inodes.empty()) return activity;
  std::vector<Connection> connections;
  for (const int family : {AF_INET, AF_INET6}) add_connections(family, inodes, connections);
  for (const Connection& connection : connections)
    if (!is_internal(connection, connections)) activity.received[connection.inode] = connection.received;
  return activity;
}

bool shows_work(const Activity& before, const Activity& after, milliseconds between) {
  const auto least = milliseconds(static_cast<std::int64_t>(static_cast<double>(between.count()) * kIdleShare));
  if (after.cpu - before.cpu >= std::max(least, kLeastCpu)) return true;
  // Only payload is counted: a keep-alive probe of the kernel has none. A new connection starts at zero.
  return std::any_of(after.received.begin(), after.received.end(), [&](const auto& socket) {
    const auto known = before.received.find(socket.first);
    return socket.second > (known == before.received.end() ? 0 : known->second);
  });
}

std::uint64_t trace_of_files(const Path& directory, const std::string& part) {
  std::uint64_t trace = 0;
  each_file(directory, part, [&](const std::string&, const struct stat& facts) {
    const auto changed = static_cast<std::uint64_t>(facts.st_mtim.tv_sec) * 1'000'000'000u +
                         static_cast<std::uint64_t>(facts.st_mtim.tv_nsec);
    trace += changed * 31 + static_cast<std::uint64_t>(facts.st_size) + 1;
  });
  return trace;
}

std::vector<std::string> ends_of_files(const Path& directory, const std::string& part, milliseconds since,
                                       std::size_t most) {
  std::vector<std::string> ends;
  each_file(directory, part, [&](const std::string& path, const struct stat& facts) {
    // A file system may keep whole seconds only.
    if (std::chrono::seconds(facts.st_mtim.tv_sec) < std::chrono::floor<std::chrono::seconds>(since)) return;
    if (std::string end = end_of_file(path, facts.st_size, most); !end.empty()) ends.push_back(std::move(end));
  });
  return ends;
}

}  // namespace delegate
