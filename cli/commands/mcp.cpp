#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/commands/context.hpp"
#include "cli/mcp/server.hpp"
#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

struct McpOptions {
  bool allow_write = false;
  std::string client_timeout;
};
constexpr OptionRow kMcpOptions[] = {
    {.names = "--allow-write",
     .help = "Let agents request changes to files (`write`)",
     .more = "Without it, backends can only read.",
     .store = into<&McpOptions::allow_write>},
    {.names = "--client-timeout",
     .value = "DUR",
     .help = "Return a run id shortly before the client times out",
     .more =
         "DUR is the client's own limit for a call; the default depends on the client. The run continues, and the tool "
         "`result` fetches its answer.",
     .store = into<&McpOptions::client_timeout>},
};

constexpr std::size_t kMostUnread = 1u << 20;  // of ours, until nothing more is taken from a client that does not read
constexpr std::size_t kPiece = 4096;           // what a pipe that is ready takes without blocking
constexpr milliseconds kLastWords{500};

/// stdin and stdout of the server, which nothing else may touch: all other output goes to stderr.
class Streams {
 public:
  explicit Streams(const World& world)
      : in_(::fcntl(world.in, F_DUPFD_CLOEXEC, 3)), out_(::fcntl(world.out, F_DUPFD_CLOEXEC, 3)) {
    const Fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(nowhere.get(), world.in);
    ::dup2(world.err, world.out);
  }

  bool is_open() const { return in_ && out_; }
  pollfd reading() const { return {in_ && unsent_.size() < kMostUnread ? in_.get() : -1, POLLIN, 0}; }
  /// Watched also while there is nothing to write: a reader that is gone is the end.
  pollfd writing() const { return {out_.get(), static_cast<short>(unsent_.empty() ? 0 : POLLOUT), 0}; }

  void add(const std::string& bytes) { unsent_ += bytes; }
  /// False: there is no reader any more.
  bool write_some() {
    const ssize_t count = ::write(out_.get(), unsent_.data(), std::min(unsent_.size(), kPiece));
    if (count > 0) unsent_.erase(0, static_cast<std::size_t>(count));
    has_written_ = has_written_ || count > 0;
    return count >= 0 || errno == EINTR || errno == EAGAIN;
  }
  /// Also false before the first answer, for which a client waits.
  bool has_written_all() const { return has_written_ && unsent_.empty(); }
  void write_rest(Deadline patience) {
    for (pollfd one = writing(); !unsent_.empty() && !patience.passed(); one = writing())
      if (::poll(&one, 1, static_cast<int>(patience.left()->count())) != 1 || !write_some()) return;
  }
  /// What has come; nothing: it was the end.
  std::optional<std::string> read_some() {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(in_.get(), buffer.data(), buffer.size());
    if (count > 0) return std::string(buffer.data(), static_cast<std::size_t>(count));
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::string();
    in_.reset();
    return std::nullopt;
  }

 private:
  Fd in_;
  Fd out_;
  std::string unsent_;
  bool has_written_ = false;
};

int milliseconds_until(Deadline deadline) {
  const auto left = deadline.left();
  return left ? static_cast<int>(std::min<std::int64_t>(left->count(), 60'000)) : -1;
}

/// One wait and what follows from it. False: it is over.
bool turn(const World& world, server::Server& server, Streams& streams) {
  std::vector<pollfd> set{streams.reading(), streams.writing(), {world.interrupted.fd(), POLLIN, 0}};
  for (const auto& [fd, what] : server.watched())
    set.push_back({fd, static_cast<short>(what == server::Server::Watched::For::input ? POLLIN : POLLOUT), 0});
  if (::poll(set.data(), set.size(), milliseconds_until(server.wake())) < 0)
    for (pollfd& one : set) one.revents = 0;
  if (world.interrupted.cancelled()) return false;
  if ((set[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
  if (set[1].revents != 0 && !streams.write_some()) return false;
  if (set[0].revents != 0) {
    const auto bytes = streams.read_some();
    if (!bytes) {
      server.connection().end_of_input();
      streams.add(server.connection().take_output());
      return false;
    }
    server.connection().feed(*bytes);
  }
  server.advance_all();
  streams.add(server.connection().take_output());
  return true;
}

Result<server::ServerOptions> options_of(const McpOptions& options) {
  server::ServerOptions server{.may_write = options.allow_write};
  if (options.client_timeout.empty()) return server;
  const auto timeout = parse_duration(options.client_timeout);
  if (!timeout)
    return fail(Code::invalid_argument, "mcp: --client-timeout: " + timeout.error().what, timeout.error().hint);
  if (*timeout <= milliseconds(0))
    return fail(Code::invalid_argument, "mcp: --client-timeout: must be longer than 0",
                "a number with a unit: 90s, 5m");
  server.client_timeout = *timeout;
  return server;
}

CommandResult run_mcp(const CommandContext& context, const McpOptions& options) {
  const World& world = context.world;
  TRY(const server::ServerOptions server_options, options_of(options));
  if (::isatty(world.in) == 1) {
    context.output.note("delegate: mcp: waiting for an MCP client on stdin");
    context.output.note("hint: `delegate setup` registers it; Ctrl-D ends it");
  }
  Streams streams(world);
  if (!streams.is_open())
    return fail_as(ErrorKind::internal, {Code::unavailable, "mcp: stdin or stdout is closed",
                                         "an editor agent starts it: see `delegate help mcp`"});
  server::Server server(world, world.config_file, server_options);
  while (turn(world, server, streams))
    if (streams.has_written_all()) server.use_free_time();
  server.stop();
  streams.write_rest(Deadline::in(kLastWords));
  return kAnswered;
}

}  // namespace

extern constexpr CommandRow kMcp{
    .name = "mcp",
    .group = kSetUpGroup,
    .help = "Run the MCP server for an editor agent, on stdio",
    .more =
        "Started by agents such as claude, codex and gemini, not in a terminal. It speaks the Model Context Protocol, "
        "versions 2024-11-05 to 2026-07-28, and offers three tools: `ask`, `result` and `status`. A run whose id was "
        "returned continues when the agent exits; `delegate result` fetches it from a shell.",
    .options = kMcpOptions,
    .run = run_with<run_mcp>};

}  // namespace delegate::cli
