#include "core/jobs/job_process.hpp"

#include <unistd.h>

#include <cerrno>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/jobs/lifeline.hpp"
#include "core/jobs/request_json.hpp"
#include "core/os/file.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"

namespace delegate::jobs {
namespace {

using Json = OrderedJson;

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
  Program program{.executable = self.executable, .argv = {"delegate"}, .env = process.variables()};
  program.argv.insert(program.argv.end(), self.options.begin(), self.options.end());
  program.argv.insert(program.argv.end(), {"run-job", request.run_id, "--json"});
  TRY(LifelineProcess started, start_with_lifeline(program, request.cwd));
  JobProcess job;
  job.pid_ = started.pid;
  job.lifeline_ = std::move(started.lifeline);
  job.words_ = std::move(started.output);
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
