#include "core/jobs/job_process.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/jobs/job_request.hpp"
#include "core/jobs/lifeline.hpp"
#include "core/os/launch.hpp"
#include "core/os/pipe_io.hpp"

namespace delegate::jobs {
namespace {

OrderedJson object_of(const job_event::Accepted& event) {
  OrderedJson json{{"ahead", event.ahead}};
  put(json, "no_store", event.no_store);
  return {{"accepted", json}};
}
OrderedJson object_of(const job_event::Started&) { return {{"begun", true}}; }
OrderedJson object_of(const job_event::Progress& event) {
  return {{"progress", {{"backend", event.backend}, {"doing", event.doing}, {"bytes", event.bytes}}}};
}
OrderedJson object_of(const job_event::Ended& event) {
  const JobResult& result = event.result;
  return {{"ended",
           {{"result", result.record.json}, {"remarks", to_json(result.remarks)}, {"exit_code", result.exit_code}}}};
}
OrderedJson object_of(const job_event::Failed& event) {
  return {{"error", {{"message", event.message}, {"hint", event.hint}, {"exit_code", event.exit_code}}}};
}

JobEvent read_event(const OrderedJson& json) {
  if (json.contains("begun")) return job_event::Started{};
  if (json.contains("accepted")) {
    const OrderedJson& accepted = json["accepted"];
    return job_event::Accepted{accepted.at("ahead").get<int>(), accepted.value("no_store", "")};
  }
  if (json.contains("progress")) {
    const OrderedJson& progress = json["progress"];
    return job_event::Progress{progress.at("backend"), progress.at("doing"), progress.at("bytes").get<std::int64_t>()};
  }
  if (json.contains("ended")) {
    const OrderedJson& ended = json["ended"];
    return job_event::Ended{
        {parse_run_record(ended.at("result")), remarks_from(ended.at("remarks")), ended.at("exit_code").get<int>()}};
  }
  const OrderedJson& error = json.at("error");
  return job_event::Failed{error.at("message"), error.value("hint", ""), error.value("exit_code", int{kInternal})};
}

}  // namespace

std::string to_line(const JobEvent& event) {
  return dump(std::visit([](const auto& one) { return object_of(one); }, event)) + "\n";
}

JobEvent job_event_from(std::string_view line) {
  try {  // a border where exceptions end
    return read_event(OrderedJson::parse(line));
  } catch (const OrderedJson::exception&) {
    return job_event::Failed{"the run's process sent unreadable output: " + one_line(line, 200), {}};
  }
}

Result<JobProcess> JobProcess::start_with(const ProcessFacts& process, const OwnCommand& self,
                                          const std::vector<std::string>& arguments) {
  Program program{.executable = self.executable, .argv = {"delegate"}, .env = process.variables()};
  program.argv.insert(program.argv.end(), self.options.begin(), self.options.end());
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  TRY(LifelineProcess started, start_with_lifeline(program));
  return JobProcess(started.pid, std::move(started.lifeline), std::move(started.output));
}

Result<JobProcess> JobProcess::start(const ProcessFacts& process, const OwnCommand& self) {
  return start_with(process, self, {"run-job", "--json"});
}

Result<JobProcess> JobProcess::start_spare(const ProcessFacts& process, const OwnCommand& self) {
  return start_with(process, self, {"run-job", "--spare", "--json"});
}

void JobProcess::give(const Request& request) { unsent_ = to_json(request) + "\n"; }

Result<bool> JobProcess::send_request() {
  const auto count = write_some(lifeline_.get(), unsent_);
  if (!count && count.error().code == Code::closed)
    return fail(Code::closed, "background: the run's process has ended");
  if (!count) return fail(count.error().code, "background: send the request: " + count.error().what);
  unsent_.erase(0, *count);
  return unsent_.empty();
}

std::optional<std::vector<JobEvent>> JobProcess::receive() {
  if (read_some(output_.get(), received_) == ReadState::end) return std::nullopt;
  std::vector<JobEvent> events;
  for (std::size_t end; (end = received_.find('\n')) != std::string::npos; received_.erase(0, end + 1))
    events.push_back(job_event_from(std::string_view(received_).substr(0, end)));
  has_reported_ = has_reported_ || !events.empty();
  return events;
}

void JobProcess::detach() {
  // A process that has ended already needs no notice.
  static_cast<void>(write_some(lifeline_.get(), std::string_view(&Lifeline::kDetach, 1)));
  lifeline_.reset();
}

}  // namespace delegate::jobs
