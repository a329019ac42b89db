#include "core/jobs/started_processes.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/launch.hpp"
#include "core/os/process.hpp"

namespace delegate::jobs {
namespace {

constexpr milliseconds kFirstPause{5'000};
constexpr milliseconds kLongestPause{60'000};
constexpr std::size_t kMostOfError = 4'096;  // bytes of what such a process prints

/// What `delegate` prints about an error, without its name.
std::string first_error(const std::string& printed, int status) {
  constexpr std::string_view kName = "delegate: ";
  std::string_view line = std::string_view(printed).substr(0, printed.find('\n'));
  if (line.starts_with(kName)) line.remove_prefix(kName.size());
  return line.empty() ? "exit code " + std::to_string(shell_exit_code(status)) : one_line(line);
}

}  // namespace

Status StartedProcesses::start(const JobRow& given, const JobStart& start) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(start.directory, ignored))
    return fail(Code::not_found, one_line(start.directory) + ": the directory of the run does not exist any more");
  Program program{.executable = own_executable(), .argv = {"delegate"}, .env = {}};
  for (const auto& [name, value] : start.environment) program.env.push_back(name + "=" + value);
  program.argv.insert(program.argv.end(), start.options.begin(), start.options.end());
  program.argv.insert(program.argv.end(), {"run-job", given.id, "--turn", std::to_string(given.turn)});
  TRY(Fd err, make_memory_file("delegate-run-job"));
  TRY(const pid_t child, start_in_session(program, err.get(), start.directory));
  started_.push_back({given, child, std::move(err)});
  return {};
}

Status StartedProcesses::reap(const std::function<Status(const End&)>& note) {
  for (auto one = started_.begin(); one != started_.end();) {
    if (!one->status) one->status = status_of_ended_child(one->pid);
    if (!one->status) {
      ++one;
      continue;
    }
    const bool was_killed = is_signal(*one->status);
    const std::string printed = was_killed ? "" : read_memory_file(one->err, kMostOfError);
    TRY_STATUS(note({one->given, was_killed, first_error(printed, *one->status)}));
    one = started_.erase(one);
  }
  return {};
}

void StartedProcesses::add_pidfds(std::vector<Fd>& pidfds) const {
  for (const Started& one : started_)
    if (Fd process = open_pidfd(one.pid)) pidfds.push_back(std::move(process));
}

const Troubles::Trouble* Troubles::find(const std::string& key) const {
  const auto found = troubles_.find(key);
  return found == troubles_.end() ? nullptr : &found->second;
}

void Troubles::note(const std::string& key, std::string why) {
  auto [found, is_new] = troubles_.try_emplace(key);
  Kept& kept = found->second;
  if (is_new) kept.give_up = Deadline::in(patience_);
  kept.why = std::move(why);
  kept.pause = std::clamp(kept.pause * 2, kFirstPause, kLongestPause);
  kept.retry = Deadline::in(kept.pause);
}

void Troubles::note_attempt(const std::string& key) {
  if (const auto found = troubles_.find(key); found != troubles_.end()) note(key, found->second.why);
}

}  // namespace delegate::jobs
