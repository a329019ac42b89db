#include "cli/commands/request_builder.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cli/commands/commands.hpp"
#include "cli/exit_code.hpp"
#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kMostInput = 64u << 20;  // prompt, files and stdin together
constexpr milliseconds kSlowProducer{3'000};
constexpr const char* kNoDash = "it must not begin with a dash";

tl::unexpected<Error> usage(std::string what, std::string hint) {
  return fail(Code::invalid_argument, "ask: " + std::move(what), std::move(hint));
}

enum class Input { nothing, terminal, stream, directory };

/// A pipe, file or socket is read to its end; a terminal and /dev/null are not waited for.
Input input_of(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return Input::nothing;
  if (::isatty(fd) == 1) return Input::terminal;
  if (S_ISDIR(facts.st_mode)) return Input::directory;
  return S_ISFIFO(facts.st_mode) || S_ISREG(facts.st_mode) || S_ISSOCK(facts.st_mode) ? Input::stream : Input::nothing;
}

/// Reads the parts of one question; together they have a limit.
class Reading {
 public:
  Reading(const World& world, const Output& output) : world_(world), output_(output) {}

  /// stdin to its end. A producer that is slow to begin is waited for, and after a while the person is told so.
  Result<std::string> standard_input() {
    return text_of(world_.in, "stdin", "delegate: waiting for stdin; use --no-stdin if nothing is to come");
  }

  Result<Material> file(const std::string& name) {
    const Path path = Path(world_.cwd) / name;
    // A pipe whose other end nobody has opened must not block here.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat facts {};
    if (!fd || ::fstat(fd.get(), &facts) != 0)
      return fail(Code::invalid_argument, "ask: --file: " + one_line(name, 200) + ": " + errno_text(errno));
    if (S_ISDIR(facts.st_mode))
      return usage("--file: " + one_line(name) + ": is a directory", "name the files in it, each with -f");
    const std::string waiting = "delegate: waiting for " + one_line(name);
    TRY(std::string text, text_of(fd.get(), "--file: " + one_line(name), waiting));
    return Material{name, std::move(text)};
  }

 private:
  Result<std::string> text_of(int fd, const std::string& name, const std::string& waiting) {
    TRY(const std::string bytes, to_its_end(fd, name, waiting));
    if (const std::size_t at = bytes.find('\0'); at != std::string::npos)
      return usage(name + ": is binary (a zero byte at offset " + std::to_string(at) + ")",
                   "only text can be sent to a model");
    std::string text = valid_utf8(bytes);
    if (text != bytes) output_.note("delegate: " + name + ": bytes that are not UTF-8 were replaced");
    return text;
  }

  Result<std::string> to_its_end(int fd, const std::string& name, const std::string& waiting) {
    std::string text;
    for (bool said = false;;) {
      pollfd waited[] = {{fd, POLLIN, 0}, {world_.interrupted.fd(), POLLIN, 0}};
      const int ready = ::poll(waited, 2, text.empty() && !said ? static_cast<int>(kSlowProducer.count()) : -1);
      if (world_.interrupted.cancelled()) return fail(Code::cancelled, "interrupted while reading " + name);
      if (ready == 0) {
        output_.note(waiting);
        said = true;
        continue;
      }
      std::array<char, 65536> buffer{};
      const ssize_t count = ::read(fd, buffer.data(), buffer.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return fail(Code::unavailable, "ask: " + name + ": cannot be read: " + errno_text(errno));
      if (count == 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      total_ += static_cast<std::size_t>(count);
      if (total_ > kMostInput)
        return usage(name + ": too long: prompt, files and stdin may have 64 MB together", "attach less");
    }
  }

  const World& world_;
  const Output& output_;
  std::size_t total_ = 0;
};

Status read_prompt(const World& world, const Output& output, const AskCommand& command, Request& request) {
  Reading reading(world, output);
  const bool from_stdin = command.words.empty() || (command.words.size() == 1 && command.words[0] == "-");
  const Input input = command.no_stdin ? Input::nothing : input_of(world.in);
  if (input == Input::directory) return usage("stdin: is a directory", "attach the files in it, each with -f");
  if (from_stdin) {
    if (input == Input::nothing) return usage("no prompt", "give it as an argument, or on stdin");
    if (input == Input::terminal) output.note("delegate: type the prompt, then Ctrl-D");
    TRY(request.prompt, reading.standard_input());
  } else {
    request.prompt = valid_utf8(join(command.words, " "));
  }
  if (trim(request.prompt).empty()) return usage("the prompt is empty", "give it as an argument, or on stdin");
  for (const std::string& file : command.files) {
    TRY(Material material, reading.file(file));
    request.materials.push_back(std::move(material));
  }
  if (from_stdin || input != Input::stream) return {};
  TRY(std::string context, reading.standard_input());
  if (!context.empty()) request.materials.push_back({{}, std::move(context)});
  return {};
}

Status read_type(const AskCommand& command, Request& request) {
  if (command.type.empty()) return {};
  request.type = task_type_named(command.type);
  if (request.type) return {};
  return usage("--type: '" + one_line(command.type, 80) + "' is no task type",
               "one of summarize, explain, docstring, review, ask, test, diagnose, improve");
}

Status read_tier(const AskCommand& command, Request& request) {
  if (command.tier.empty() || command.tier == "default") return {};
  if (command.tier == "small") request.tier = Tier::small;
  else if (command.tier == "medium") request.tier = Tier::medium;
  else if (command.tier == "large") request.tier = Tier::large;
  else return usage("--tier: '" + one_line(command.tier, 80) + "' is no tier", "one of small, medium, large, default");
  return {};
}

Status read_names(const Config& config, const AskCommand& command, Request& request) {
  request.backend = command.backend;
  const bool named = command.backend != kAuto;
  if (named && config.backend(command.backend) == nullptr)
    return tl::unexpected(unknown_backend("ask: --backend", config, command.backend));
  if (!named && !command.model.empty())
    return usage("--model needs --backend", "a model's name means something at one backend only; or use --tier");
  const auto is_flag = [](const std::string& text) { return text.starts_with("-"); };
  if (is_flag(command.model)) return usage("--model: '" + one_line(command.model, 80) + "' looks like a flag", kNoDash);
  if (is_flag(command.session))
    return usage("--session: '" + one_line(command.session, 80) + "' looks like a flag", kNoDash);
  request.model = command.model;
  request.session = command.session;
  TRY_STATUS(read_type(command, request));
  return read_tier(command, request);
}

Status read_directory(const World& world, const AskCommand& command, Request& request) {
  request.cwd =
      command.directory.empty() ? world.cwd : (Path(world.cwd) / command.directory).lexically_normal().string();
  struct stat facts {};
  if (request.cwd.empty())
    return fail(Code::not_found, "ask: the working directory does not exist any more", "name one with -C DIR");
  if (::stat(request.cwd.c_str(), &facts) != 0)
    return fail(Code::not_found, "ask: --cwd: " + one_line(request.cwd) + ": " + errno_text(errno));
  if (!S_ISDIR(facts.st_mode))
    return fail(Code::invalid_argument, "ask: --cwd: " + one_line(request.cwd) + ": is not a directory");
  std::error_code unreadable;  // what cannot be resolved is used as it was given
  const Path real = std::filesystem::canonical(request.cwd, unreadable);
  if (!unreadable) request.cwd = real.string();
  return {};
}

Status read_timeout(const AskCommand& command, Request& request) {
  if (command.timeout.empty()) return {};
  const auto timeout = parse_duration(command.timeout);
  if (!timeout) return usage("--timeout: " + timeout.error().what, timeout.error().hint);
  if (*timeout <= milliseconds(0)) return usage("--timeout: must be longer than 0", "a number with a unit: 90s, 5m");
  request.timeout = *timeout;
  return {};
}

Streaming streaming_of(const World& world, const AskCommand& command) {
  const bool to_terminal = ::isatty(world.out) == 1;
  if (command.json || !command.stream.value_or(to_terminal)) return Streaming::none;
  return to_terminal ? Streaming::drafts : Streaming::certain;
}

/// The names under which sessions of `asked` may stand in the history. A backend that has logins now had none once.
std::vector<std::string> owners_of(const Host& host, const std::string& asked) {
  std::vector<std::string> names = host.engine().config.candidates(asked);
  const std::string plain = candidate_name(asked).backend;
  if (std::find(names.begin(), names.end(), plain) == names.end()) names.push_back(plain);
  return names;
}

/// The login that the session began with; when there were none yet, the one that was asked for, or else the first.
std::string who_continues(const RunRow& session, const std::string& asked) {
  return candidate_name(asked).backend == session.backend ? asked : session.backend;
}

Status continue_latest(const Host& host, Request& request) {
  const bool named = request.backend != kAuto;
  std::optional<RunRow> latest;
  for (const std::string& name : named ? owners_of(host, request.backend) : std::vector<std::string>{std::string()}) {
    TRY(auto found, host.engine().ledger->newest_session({.cwd = request.cwd, .backend = name}));
    if (found && (!latest || found->started_at > latest->started_at)) latest = std::move(found);
  }
  if (!latest)
    return usage(
        "--continue: there is no session" + (named ? " of " + request.backend : std::string()) + " in this directory",
        "`delegate runs` lists what was asked, and where");
  request.session = latest->session_id;
  request.backend = who_continues(*latest, request.backend);
  return {};
}

/// Whose session it is, and where, is known when it came from here.
Status find_owner(const Host& host, Request& request) {
  const bool named = request.backend != kAuto;
  std::optional<RunRow> known;
  if (host.engine().ledger != nullptr) {
    TRY(known, host.engine().ledger->newest_session({.session_id = request.session}));
  }
  if (!known) {
    if (named) return {};
    return usage("--session: '" + one_line(request.session, 80) + "' is not in the history",
                 "name the backend that it belongs to with --backend");
  }
  const auto owners = owners_of(host, request.backend);
  if (named && std::find(owners.begin(), owners.end(), known->backend) == owners.end())
    return usage("--session: '" + one_line(request.session, 80) + "' is a session of " + known->backend,
                 "use --backend " + known->backend);
  if (known->cwd != request.cwd)
    return usage("--session: '" + one_line(request.session, 80) + "' belongs to another directory",
                 "use --cwd " + one_line(known->cwd));
  request.backend = who_continues(*known, request.backend);
  return {};
}

}  // namespace

Result<Request> question_of(const World& world, const Config& config, const AskCommand& command, const Output& output) {
  Request request;
  TRY_STATUS(read_names(config, command, request));
  TRY_STATUS(read_directory(world, command, request));
  TRY_STATUS(read_timeout(command, request));
  request.system = valid_utf8(command.system);
  request.fallback = command.fallback;
  request.access = command.write ? Access::write : Access::read_only;
  request.streaming = streaming_of(world, command);
  TRY_STATUS(read_prompt(world, output, command, request));
  return request;
}

Status find_session(const AskCommand& command, const Host& host, Request& request) {
  if (command.continue_session && host.engine().ledger == nullptr)
    return fail(Code::unavailable, "ask: --continue: there is no history: " + host.engine().breakers.trouble(),
                "ask without --continue, or see `delegate status`");
  TRY_STATUS(command.continue_session  ? continue_latest(host, request)
             : command.session.empty() ? Status()
                                       : find_owner(host, request));
  if (request.session.empty() || host.engine().config.backend(request.backend) != nullptr) return {};
  return usage("the session is of " + one_line(request.backend, 80) + ", which is no longer in the configuration",
               "see `delegate config path`; without --session and --continue a new one begins");
}

int refuse(const World& world, const Output& output, const Error& error) {
  const bool interrupted = error.code == Code::cancelled;
  output.failure(error, interrupted ? "cancelled" : is_usage_error(error) ? "usage" : "internal");
  if (interrupted && world.signal != 0) return 128 + world.signal;
  return interrupted || is_usage_error(error) ? kUsage : kInternal;
}

}  // namespace delegate::cli
