#include "core/jobs/job_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/jobs/lifeline.hpp"
#include "core/jobs/request_json.hpp"
#include "core/os/errno_code.hpp"
#include "core/os/file.hpp"
#include "core/os/fork.hpp"

namespace delegate::jobs {
namespace {

using Json = OrderedJson;

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

Json object_of(const job_event::Accepted& told) {
  Json json{{"ahead", told.ahead}};
  put(json, "no_store", told.no_store);
  return {{"accepted", json}};
}
Json object_of(const job_event::Begun&) { return {{"begun", true}}; }
Json object_of(const job_event::Progress& told) {
  return {{"progress", {{"backend", told.backend}, {"doing", told.doing}, {"bytes", told.bytes}}}};
}
Json object_of(const job_event::Ended& told) {
  return {{"ended", {{"result", told.result}, {"remarks", told.remarks}, {"exit_code", told.exit_code}}}};
}
Json object_of(const job_event::Failed& told) { return {{"error", {{"message", told.message}, {"hint", told.hint}}}}; }

JobEvent read_told(const Json& json) {
  if (json.contains("begun")) return job_event::Begun{};
  if (json.contains("accepted")) {
    const Json& accepted = json["accepted"];
    return job_event::Accepted{accepted.at("ahead").get<int>(), accepted.value("no_store", "")};
  }
  if (json.contains("progress")) {
    const Json& progress = json["progress"];
    return job_event::Progress{progress.at("backend"), progress.at("doing"), progress.at("bytes").get<std::int64_t>()};
  }
  if (json.contains("ended")) {
    const Json& ended = json["ended"];
    return job_event::Ended{ended.at("result"), ended.at("remarks"), ended.at("exit_code").get<int>()};
  }
  const Json& error = json.at("error");
  return job_event::Failed{error.at("message"), error.value("hint", "")};
}

}  // namespace

std::string to_line(const JobEvent& told) {
  return dump(std::visit([](const auto& one) { return object_of(one); }, told)) + "\n";
}

JobEvent job_event_from(std::string_view line) {
  try {  // a border where exceptions end
    return read_told(Json::parse(line));
  } catch (const Json::exception&) {
    return job_event::Failed{"the run's process said what nobody understands: " + one_line(line, 200), {}};
  }
}

Result<JobProcess> JobProcess::start(const ProcessFacts& process, const OwnCommand& self, const Request& request) {
  TRY(Pipe in, make_pipe());
  TRY(Pipe out, make_pipe());
  std::vector<std::string> words{"delegate"};
  words.insert(words.end(), self.options.begin(), self.options.end());
  words.insert(words.end(), {"run-job", request.run_id, "--json"});
  const std::vector<std::string> variables = process.variables();
  Orders orders;
  ::posix_spawn_file_actions_adddup2(orders.actions(), in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(orders.actions(), out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(orders.actions(), STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(orders.actions(), request.cwd.c_str());
  JobProcess job;
  const int error = ::posix_spawn(&job.pid_, self.executable.c_str(), orders.actions(), orders.attributes(),
                                  exec_array(words).data(), exec_array(variables).data());
  if (error != 0) return fail_errno("background: start a process in " + one_line(request.cwd), error);
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  job.lifeline_ = std::move(in.write);
  job.words_ = std::move(out.read);
  job.request_ = to_json(request) + "\n";
  return job;
}

Result<bool> JobProcess::hand_over() {
  while (written_ < request_.size()) {
    const ssize_t count = ::write(lifeline_.get(), request_.data() + written_, request_.size() - written_);
    if (count > 0) written_ += static_cast<std::size_t>(count);
    else if (errno == EAGAIN) return false;
    else if (errno == EPIPE) return fail(Code::closed, "background: the run's process has ended");
    else if (errno != EINTR) return fail_errno("background: hand the request over", errno);
  }
  return true;
}

void JobProcess::detach() {
  // Should it be gone, there is nothing to let go.
  static_cast<void>(!::write(lifeline_.get(), &Lifeline::kDetach, 1));
  lifeline_.reset();
}

}  // namespace delegate::jobs
