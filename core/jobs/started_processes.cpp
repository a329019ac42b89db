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
constexpr milliseconds kMemory{600'000};
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
  started_.push_back({given, place_of(start), child, std::move(err)});
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
    // Its exit code is 0 only if it took its turn.
    const bool has_taken = one->is_noted_taken || shell_exit_code(*one->status) == 0;
    TRY_STATUS(note({one->given, one->place, was_killed, has_taken, first_error(printed, *one->status)}));
    one = started_.erase(one);
  }
  return {};
}

void StartedProcesses::note_taken(const std::vector<JobRow>& running,
                                  const std::function<void(const std::string& place)>& note) {
  for (Started& one : started_) {
    const auto has_taken = [&](const JobRow& row) {
      return row.id == one.given.id && row.turn == one.given.turn && row.is_taken();
    };
    if (one.is_noted_taken || std::none_of(running.begin(), running.end(), has_taken)) continue;
    one.is_noted_taken = true;
    note(one.place);
  }
}

void StartedProcesses::kill(const std::string& id) {
  for (const Started& one : started_)
    if (one.given.id == id && !one.status) kill_child(one.pid);
}

void StartedProcesses::add_pidfds(std::vector<Fd>& pidfds) const {
  for (const Started& one : started_)
    if (Fd process = open_pidfd(one.pid)) pidfds.push_back(std::move(process));
}

bool Troubles::empty() const {
  return std::all_of(troubles_.begin(), troubles_.end(), [](const auto& one) { return one.second.forgotten.passed(); });
}

const Troubles::Trouble* Troubles::find(const std::string& key) const {
  const auto found = troubles_.find(key);
  return found == troubles_.end() || found->second.forgotten.passed() ? nullptr : &found->second;
}

void Troubles::note(const std::string& key, std::string why) {
  if (find(key) == nullptr) {
    std::erase_if(troubles_, [](const auto& one) { return one.second.forgotten.passed(); });
    troubles_[key].give_up = Deadline::in(patience_);
  }
  Kept& kept = troubles_[key];
  kept.why = std::move(why);
  kept.pause = std::clamp(kept.pause * 2, kFirstPause, kLongestPause);
  kept.retry = Deadline::in(kept.pause);
  kept.forgotten = Deadline::in(kept.pause + kMemory);
}

void Troubles::note_attempt(const std::string& key) {
  if (const Trouble* trouble = find(key)) note(key, std::string(trouble->why));
}

}  // namespace delegate::jobs
