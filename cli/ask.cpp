#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/front.hpp"
#include "cli/render.hpp"
#include "core/base/duration.hpp"

namespace delegate::cli {
namespace {

constexpr std::size_t kLongestInput = 64u << 20;
constexpr milliseconds kSlowProducer{3'000};
constexpr const char* kNoDash = "it must not begin with a dash";

enum class Input { nothing, terminal, stream };

/// A pipe, file or socket is read to its end; a terminal and /dev/null are not waited for.
Input input_of(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return Input::nothing;
  if (::isatty(fd) == 1) return Input::terminal;
  return S_ISFIFO(facts.st_mode) || S_ISREG(facts.st_mode) || S_ISSOCK(facts.st_mode) ? Input::stream : Input::nothing;
}

/// stdin to its end. A producer that is slow to begin is waited for, and after a while the person is told so.
Result<std::string> read_input(const World& world, const Output& output) {
  std::string text;
  bool said = false;
  for (;;) {
    pollfd waited[] = {{world.in, POLLIN, 0}, {world.interrupted.fd(), POLLIN, 0}};
    const int ready = ::poll(waited, 2, text.empty() && !said ? static_cast<int>(kSlowProducer.count()) : -1);
    if (world.interrupted.cancelled()) return fail(Code::cancelled, "interrupted while reading stdin");
    if (ready == 0) {
      output.note("delegate: waiting for stdin; use --no-stdin if nothing is to come");
      said = true;
      continue;
    }
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(world.in, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return fail(Code::unavailable, "stdin: cannot be read: " + errno_text(errno));
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kLongestInput) return fail(Code::invalid_argument, "stdin: longer than 64 MB");
  }
}

tl::unexpected<Error> usage(std::string what, std::string hint) {
  return fail(Code::invalid_argument, "ask: " + std::move(what), std::move(hint));
}

Status read_prompt(const World& world, const Output& output, const AskCommand& command, Request& request) {
  const bool from_stdin = command.words.empty() || (command.words.size() == 1 && command.words[0] == "-");
  const Input input = command.no_stdin ? Input::nothing : input_of(world.in);
  if (from_stdin) {
    if (input == Input::nothing) return usage("no prompt", "give it as an argument, or on stdin");
    if (input == Input::terminal) output.note("delegate: type the prompt, then Ctrl-D");
    TRY(request.prompt, read_input(world, output));
  } else {
    request.prompt = join(command.words, " ");
    if (input == Input::stream) {
      TRY(request.context, read_input(world, output));
    }
  }
  if (trim(request.prompt).empty()) return usage("the prompt is empty", "give it as an argument, or on stdin");
  return {};
}

Status read_names(const Config& config, const AskCommand& command, Request& request) {
  request.backend = command.backend;
  const bool named = command.backend != kAuto;
  if (named && config.backend(command.backend) == nullptr)
    return tl::unexpected(unknown_backend(config, command.backend));
  if (!named && !command.model.empty())
    return usage("--model needs --backend", "a model's name means something at one backend only");
  if (!named && !command.session.empty())
    return usage("--session needs --backend", "a session belongs to the backend that gave it");
  const auto is_flag = [](const std::string& text) { return text.starts_with("-"); };
  if (is_flag(command.model)) return usage("--model: '" + command.model + "' looks like a flag", kNoDash);
  if (is_flag(command.session)) return usage("--session: '" + command.session + "' looks like a flag", kNoDash);
  request.model = command.model;
  request.session = command.session;
  if (command.type.empty()) return {};
  request.type = task_type_named(command.type);
  if (!request.type)
    return usage("--type: '" + one_line(command.type, 80) + "' is no task type",
                 "one of summarize, explain, docstring, review, ask, test, diagnose, improve");
  return {};
}

Status read_directory(const World& world, const AskCommand& command, Request& request) {
  request.cwd =
      command.directory.empty() ? world.cwd : (Path(world.cwd) / command.directory).lexically_normal().string();
  struct stat facts {};
  if (request.cwd.empty()) return fail(Code::not_found, "the working directory does not exist any more", "use -C DIR");
  if (::stat(request.cwd.c_str(), &facts) != 0)
    return fail(Code::not_found, "--cwd: " + request.cwd + ": " + errno_text(errno));
  if (!S_ISDIR(facts.st_mode)) return fail(Code::invalid_argument, "--cwd: " + request.cwd + ": not a directory");
  return {};
}

Result<Request> request_of(const World& world, const Config& config, const AskCommand& command, const Output& output) {
  Request request;
  TRY_STATUS(read_names(config, command, request));
  TRY_STATUS(read_directory(world, command, request));
  if (!command.timeout.empty()) {
    const auto timeout = parse_duration(command.timeout);
    if (!timeout) return usage("--timeout: " + timeout.error().what, timeout.error().hint);
    if (*timeout <= milliseconds(0)) return usage("--timeout: must be longer than 0", "a number with a unit: 90s, 5m");
    request.timeout = *timeout;
  }
  request.system = command.system;
  request.fallback = command.fallback;
  request.access = command.write ? Access::write : Access::read_only;
  TRY_STATUS(read_prompt(world, output, command, request));
  return request;
}

/// Says on stderr what happens, as much as was asked for.
class Narrator final : public Observer {
 public:
  Narrator(const Output& output, const AskCommand& command) : output_(output), command_(command) {}

  void asking(const std::string& backend, bool probe) override {
    const std::string line = "asking " + backend + (probe ? " (probe: it was failing before)" : "") + " …";
    if (command_.verbose) output_.note("delegate: " + line);
    else if (!command_.quiet) output_.progress(line);
  }
  void skipped(const Skip& skip) override {
    if (command_.verbose) output_.note("delegate: " + describe(skip));
  }
  void ended(const Attempt& attempt) override {
    if (command_.verbose) output_.note("delegate: " + describe(attempt));
    else if (!command_.quiet) output_.progress({});
  }

 private:
  const Output& output_;
  const AskCommand& command_;
};

/// Could one of the candidates be probed in this run? Then the person must be able to leave before the probe's end.
bool may_probe(const Engine& engine, const Request& request) {
  const auto reading = engine.breakers.read();
  if (!reading) return false;
  for (const RouteStep& step : plan_for(engine, request).steps) {
    const auto known = reading->backends.find(step.backend);
    if (known == reading->backends.end()) continue;
    const BreakerState state = known->second.breaker.state;
    if (state == BreakerState::open || state == BreakerState::half_open) return true;
  }
  return false;
}

int exit_of_bad_request(const World& world, const Error& error) {
  return error.code == Code::cancelled && world.signal != 0 ? 128 + world.signal : kUsage;
}

int answer(const Output& output, const AskCommand& command, const RunResult& result, int signal) {
  const int code = exit_code_of(result, signal);
  if (!command.quiet && !command.verbose) output.progress({});
  explain_run(output, result, command.quiet);
  int written = 0;
  if (command.json) written = output.answer(to_json(result) + "\n");
  else if (result.answer) written = output.answer(with_newline(result.answer->text));
  return written != 0 ? written : code;
}

}  // namespace

int run_ask(const World& world, const Config& config, const AskCommand& command) {
  const Output output(world);
  const auto request = request_of(world, config, command, output);
  if (!request) {
    output.failure(request.error(), request.error().code == Code::cancelled ? "cancelled" : "usage");
    return exit_of_bad_request(world, request.error());
  }
  Front front;
  std::optional<Host> host(std::in_place, world, config);
  if (may_probe(host->engine(), *request)) {
    host.reset();  // an open store must not be carried through a fork
    front.start();
    host.emplace(world, config);
  }
  if (!host->notice().empty()) output.note("delegate: " + host->notice());
  Narrator narrator(output, command);
  const RunResult result = ask(host->engine(), *request, world.interrupted, narrator);
  const int code = answer(output, command, result, world.signal);
  if (result.pending) front.leave(code);
  return code;  // those who are still out are waited for by the result's end, in the background
}

}  // namespace delegate::cli
