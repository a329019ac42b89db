#include "cli/background/carrier.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "cli/background/leash.hpp"
#include "cli/background/request_json.hpp"
#include "cli/json.hpp"
#include "core/base/text.hpp"
#include "core/os/errno_code.hpp"
#include "core/os/file.hpp"
#include "core/os/fork.hpp"
#include "core/os/own_executable.hpp"

namespace delegate::cli {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("background: pipe", errno);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

/// The actions and attributes of posix_spawn, which have to be given back.
class Orders {
 public:
  Orders() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t plain;  // a nohup of whoever started us is not for the run, which may be cancelled by SIGTERM
    ::sigemptyset(&plain);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::sigaddset(&plain, signal);
    ::posix_spawnattr_setsigdefault(&attributes_, &plain);
  }
  ~Orders() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Orders(const Orders&) = delete;
  Orders& operator=(const Orders&) = delete;

  posix_spawn_file_actions_t* actions() { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Json object_of(const told::Accepted& told) {
  Json json{{"ahead", told.ahead}};
  put(json, "no_store", told.no_store);
  return {{"accepted", json}};
}
Json object_of(const told::Begun&) { return {{"begun", true}}; }
Json object_of(const told::Progress& told) {
  return {{"progress", {{"backend", told.backend}, {"doing", told.doing}, {"bytes", told.bytes}}}};
}
Json object_of(const told::Ended& told) {
  return {{"ended", {{"result", told.result}, {"remarks", told.remarks}, {"exit_code", told.exit_code}}}};
}
Json object_of(const told::Failed& told) { return {{"error", {{"message", told.message}, {"hint", told.hint}}}}; }

Told read_told(const Json& json) {
  if (json.contains("begun")) return told::Begun{};
  if (json.contains("accepted")) {
    const Json& accepted = json["accepted"];
    return told::Accepted{accepted.at("ahead").get<int>(), accepted.value("no_store", "")};
  }
  if (json.contains("progress")) {
    const Json& progress = json["progress"];
    return told::Progress{progress.at("backend"), progress.at("doing"), progress.at("bytes").get<std::int64_t>()};
  }
  if (json.contains("ended")) {
    const Json& ended = json["ended"];
    return told::Ended{ended.at("result"), ended.at("remarks"), ended.at("exit_code").get<int>()};
  }
  const Json& error = json.at("error");
  return told::Failed{error.at("message"), error.value("hint", "")};
}

}  // namespace

std::string to_line(const Told& told) {
  return dump(std::visit([](const auto& one) { return object_of(one); }, told)) + "\n";
}

Told told_from(std::string_view line) {
  try {  // a border where exceptions end
    return read_told(Json::parse(line));
  } catch (const Json::exception&) {
    return told::Failed{"the run's process said what nobody understands: " + one_line(line, 200), {}};
  }
}

Result<Carrier> Carrier::start(const World& world, const std::string& config_file, const Request& request) {
  TRY(Pipe in, make_pipe());
  TRY(Pipe out, make_pipe());
  std::vector<std::string> words{"delegate"};
  if (!config_file.empty()) words.insert(words.end(), {"--config", (Path(world.cwd) / config_file).string()});
  words.insert(words.end(), {"carry", request.run_id, "--json"});
  std::vector<std::string> variables;
  for (const auto& [name, value] : world.environment) variables.push_back(name + "=" + value);
  Orders orders;
  ::posix_spawn_file_actions_adddup2(orders.actions(), in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(orders.actions(), out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(orders.actions(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(orders.actions(), request.cwd.c_str());
  Carrier carrier;
  const std::string self = own_executable();
  const int error = ::posix_spawn(&carrier.pid_, self.c_str(), orders.actions(), orders.attributes(),
                                  exec_array(words).data(), exec_array(variables).data());
  if (error != 0) return fail_errno("background: start a process in " + one_line(request.cwd), error);
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  carrier.leash_ = std::move(in.write);
  carrier.words_ = std::move(out.read);
  carrier.request_ = to_json(request) + "\n";
  return carrier;
}

Result<bool> Carrier::hand_over() {
  while (written_ < request_.size()) {
    const ssize_t count = ::write(leash_.get(), request_.data() + written_, request_.size() - written_);
    if (count > 0) written_ += static_cast<std::size_t>(count);
    else if (errno == EAGAIN) return false;
    else if (errno == EPIPE) return fail(Code::closed, "background: the run's process has ended");
    else if (errno != EINTR) return fail_errno("background: hand the request over", errno);
  }
  return true;
}

void Carrier::let_go() {
  // Should it be gone, there is nothing to let go.
  static_cast<void>(!::write(leash_.get(), &Leash::kLetGo, 1));
  leash_.reset();
}

}  // namespace delegate::cli
