#include "cli/background/carrier.hpp"

#include <unistd.h>

#include <cerrno>

#include "cli/background/leash.hpp"
#include "cli/background/request_json.hpp"
#include "cli/json.hpp"
#include "core/base/text.hpp"
#include "core/os/errno_code.hpp"
#include "core/os/file.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"

namespace delegate::cli {
namespace {

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
  Program program{.executable = own_executable(), .argv = {"delegate"}};
  if (!config_file.empty())
    program.argv.insert(program.argv.end(), {"--config", (Path(world.cwd) / config_file).string()});
  program.argv.insert(program.argv.end(), {"carry", request.run_id, "--json"});
  for (const auto& [name, value] : world.environment) program.env.push_back(name + "=" + value);
  TRY(LifelineProcess process, start_with_lifeline(program, request.cwd));
  Carrier carrier;
  carrier.pid_ = process.pid;
  carrier.leash_ = std::move(process.lifeline);
  carrier.words_ = std::move(process.output);
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
