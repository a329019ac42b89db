#include "core/canary/facts.hpp"

#include <algorithm>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/jobs/dispatcher.hpp"
#include "core/os/file.hpp"
#include "core/os/file_system.hpp"

namespace delegate::canary {
namespace {

namespace fs = std::filesystem;

std::optional<StateFile> state_file(const fs::path& path) {
  const auto mode = file_mode(path);
  if (!mode) return std::nullopt;
  std::error_code none;
  const auto size = fs::is_regular_file(path, none) ? fs::file_size(path, none) : 0;
  return StateFile{mode->is_own, mode->permissions, none ? 0 : size};
}

/// Entries of a directory whose names begin so; 0 if there is no such directory.
Result<int> entries(const fs::path& directory, const std::string& prefix) {
  std::error_code error;
  int count = 0;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    if (at->path().filename().string().starts_with(prefix)) ++count;
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Code::unavailable, directory.filename().string() + ": cannot be listed: " + error.message());
  return count;
}

Result<Files> files_of(const Engine& engine) {
  if (engine.store_path.empty()) return fail(Code::unavailable, "the state has no file");
  const fs::path path = engine.store_path;
  const fs::path directory = path.parent_path();
  Files files;
  for (const char* suffix : {"", "-wal", "-shm", ".lock"})
    if (const auto file = state_file(path.string() + suffix)) files.state[path.filename().string() + suffix] = *file;
  const auto place = state_file(directory);
  if (!place || files.state.empty()) return fail(Code::unavailable, "the state's file or its directory is not there");
  files.directory = *place;
  TRY(files.set_aside, entries(directory / "set-aside", ""));
  TRY(files.damaged, entries(directory, path.filename().string() + ".damaged-"));
  TRY(files.scratch, entries(engine.scratch, ""));
  return files;
}

/// Its content, since the epoch; 0: there is no such file.
milliseconds written_at(const std::string& file) {
  std::error_code none;
  const auto time = fs::last_write_time(file, none);
  if (none) return milliseconds(0);
  return std::chrono::time_point_cast<milliseconds>(fs::file_time_type::clock::to_sys(time)).time_since_epoch();
}

/// The file that the worker reads: the one that it was given, or its user's. Empty: not known.
std::string config_of_worker(const ProcessFacts& process, pid_t pid) {
  constexpr std::string_view kWithValue = "--config=";
  std::string named;
  const std::vector<std::string> arguments = arguments_of(pid);
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    if (at->starts_with(kWithValue)) named = at->substr(kWithValue.size());
    if (*at == "--config" && at + 1 != arguments.end()) named = *(at + 1);
  }
  CancelToken never;
  const ProcessFacts worker{environment_of(pid), "/", process.clock, never, process.signal};
  if (named.empty()) named = worker.variable("DELEGATE_CONFIG");
  if (named.empty()) named = user_config_path(worker);
  return named.starts_with('/') ? named : std::string();
}

std::optional<WorkerFacts> worker_of(const ProcessFacts& process, const Facts& facts) {
  if (!facts.survey.leases || !facts.processes) return std::nullopt;
  for (const TaskLease& lease : *facts.survey.leases) {
    if (lease.name != "dispatcher" || !is_visible(facts, lease.owner) || is_dead(facts, lease.owner)) continue;
    const milliseconds started(lease.owner.start_time * 1000 / clock_ticks_per_second());
    return WorkerFacts{.pid = lease.owner.pid,
                       .started_at = facts.now.wall - (facts.now.boot - started),
                       .config_changed_at = written_at(config_of_worker(process, static_cast<pid_t>(lease.owner.pid)))};
  }
  return std::nullopt;
}

/// Those that the state names and that are certainly dead.
std::set<std::string> dead_processes(const Engine& engine, const Survey& survey) {
  std::set<std::string> dead;
  const auto look_at = [&](const ProcessId& process) {
    if (engine.breakers.is_dead(process)) dead.insert(key_of(process));
  };
  if (survey.states)
    for (const auto& [name, state] : survey.states->backends) {
      for (const SlotLease& slot : state.slots) look_at(slot.owner);
      if (state.breaker.probe) look_at(state.breaker.probe->owner);
      for (const SlotLease& place : state.waiting) look_at(place.owner);
    }
  if (survey.queue)
    for (const JobRow& job : survey.queue->running) look_at(job.owner);
  if (survey.history)
    for (const RunRow& run : survey.history->open) look_at(run.owner);
  if (survey.leases)
    for (const TaskLease& lease : *survey.leases) look_at(lease.owner);
  if (survey.writers)
    for (const WriterRow& writer : survey.writers->writing) look_at(writer.lease.owner);
  return dead;
}

std::set<std::string> startable(const Engine& engine, const Survey& survey) {
  std::set<std::string> ids;
  if (!survey.queue || !survey.states) return ids;
  for (const JobRow& head : survey.queue->heads)
    if (jobs::state_of_line(engine, head.line, *survey.states, survey.queue->running).kind == jobs::LineState::Kind::go)
      ids.insert(head.id);
  return ids;
}

}  // namespace

std::string key_of(const ProcessId& process) {
  return process.boot_id + "/" + std::to_string(process.pid_namespace) + "/" + std::to_string(process.pid) + "/" +
         std::to_string(process.start_time);
}

bool is_dead(const Facts& facts, const ProcessId& process) { return facts.dead.contains(key_of(process)); }

bool is_visible(const Facts& facts, const ProcessId& process) {
  return process.pid_namespace == 0 || process.pid_namespace == facts.self.pid_namespace;
}

bool has_processes(const Facts& facts, const std::string& tag) {
  return !tag.empty() && std::any_of(facts.processes->begin(), facts.processes->end(), [&](const ProcessEntry& one) {
    return one.tag == tag || one.tag.starts_with(tag + "/");
  });
}

bool has_processes_of_run(const Facts& facts, const std::string& id) {
  return std::any_of(facts.processes->begin(), facts.processes->end(), [&](const ProcessEntry& one) {
    const auto marks = split(one.tag, '/');
    return std::any_of(marks.begin(), marks.end(),
                       [&](std::string_view mark) { return mark.substr(0, mark.rfind('.')) == id; });
  });
}

std::string run_of_tag(const std::string& tag) {
  const std::string innermost = tag.substr(tag.rfind('/') + 1);
  return innermost.substr(0, innermost.rfind('.'));
}

Facts look(const ProcessFacts& process, const Engine& engine, std::optional<milliseconds> config_changed_at) {
  Facts facts{.config = engine.config,
              .self = engine.breakers.self(),
              .now = engine.clock.now(),
              // Before the processes: who appears in the store has been started by then.
              .survey = engine.store != nullptr
                            ? engine.store->survey(SurveyDepth::everything)
                            : unreadable_survey({Code::unavailable, "the state: " + engine.breakers.trouble(), {}}),
              .processes = process_table(std::string(kRunIdVariable)),
              .files = files_of(engine),
              .config_changed_at = config_changed_at};
  if (!facts.survey.writable && facts.survey.writable.error().code == Code::busy)
    facts.locked_by = engine.store->locked_by();
  facts.dead = dead_processes(engine, facts.survey);
  facts.worker = worker_of(process, facts);
  facts.could_start = startable(engine, facts.survey);
  return facts;
}

}  // namespace delegate::canary
