#include "core/run/call.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/os/activity.hpp"
#include "core/os/clock.hpp"
#include "core/os/log_pipe.hpp"
#include "core/os/scratch_directory.hpp"
#include "core/run/breakers.hpp"
#include "core/run/hints.hpp"
#include "core/run/http_call.hpp"
#include "core/run/judge.hpp"
#include "core/run/reader.hpp"
#include "core/state/ledger_rules.hpp"

namespace delegate {
namespace {

constexpr milliseconds kLongestStart{10'000};
constexpr std::size_t kLongestSettings = 1u << 20;

void put_everywhere(ProcessCall& call, const std::string& placeholder, const std::string& path) {
  for (std::vector<std::string>* words : {&call.argv, &call.env})
    for (std::string& word : *words)
      if (const std::size_t at = word.find(placeholder); at != std::string::npos)
        word.replace(at, placeholder.size(), path);
}

/// Writes the private files of a call into a directory that removes them with itself. Nothing if the call needs none.
Result<std::optional<ScratchDirectory>> write_files(const Path& root, ProcessCall& call) {
  if (call.files.empty() && call.directory_placeholder.empty()) return std::optional<ScratchDirectory>();
  if (root.empty())
    return fail(Code::unavailable, "no directory for private files: neither XDG_RUNTIME_DIR nor HOME is set");
  TRY(Directory place, Directory::open_private(root));
  ScratchDirectory::remove_abandoned(place);  // a run that was killed may have left a prompt there
  TRY(ScratchDirectory directory, ScratchDirectory::create(std::move(place)));
  if (!call.directory_placeholder.empty()) put_everywhere(call, call.directory_placeholder, directory.path().string());
  for (std::size_t i = 0; i < call.files.size(); ++i) {
    const std::string name = "file-" + std::to_string(i + 1);
    TRY_STATUS(directory.add_file(name, call.files[i].content));
    put_everywhere(call, call.files[i].placeholder, (directory.path() / name).string());
  }
  return std::optional<ScratchDirectory>(std::move(directory));
}

/// The same; a call that can do without a directory goes on without one.
Result<std::optional<ScratchDirectory>> make_files(const Path& root, ProcessCall& call) {
  auto files = write_files(root, call);
  if (files || !call.files.empty() || call.argv_without_directory.empty()) return files;
  call.argv = std::move(call.argv_without_directory);
  return std::optional<ScratchDirectory>();
}

bool is_configured(const OwnLog& log) {
  return std::any_of(log.unless_in.begin(), log.unless_in.end(), [&](const std::string& path) {
    const auto text = read_file(path, kLongestSettings);
    return text && contains_ignoring_case(*text, log.word);
  });
}

/// The pipe for the CLI's own log; none if the call has to go without.
Fd open_log(const Path& directory, ProcessCall& call) {
  if (!call.log || is_configured(*call.log)) return {};
  const Path path = directory / kLogPipeName;
  auto pipe = make_log_pipe(path);
  if (!pipe) return {};
  call.env.insert(call.env.end(), call.log->env.begin(), call.log->env.end());
  call.env.push_back(call.log->path_variable + "=" + path.string());
  return *std::move(pipe);
}

/// Every user of the machine can read the arguments of a process. Checked are those that come from the person, not
/// those that the kind adds.
bool has_secret_argument(const Task& task, const Redactor& secrets) {
  std::vector<std::string> words{task.model, task.session, task.effort};
  if (!task.settings.command.empty())
    words.insert(words.end(), task.settings.command.begin() + 1, task.settings.command.end());
  return std::any_of(words.begin(), words.end(), [&](const auto& word) { return secrets.finds_secret(word); });
}

/// Its end was not seen, or something before it could not be read.
bool is_answer_missing(const CallEnd& call) {
  const ParsedOutput& parsed = call.parsed;
  if (call.exit_code != 0 || parsed.failure) return false;
  const bool has_hole = parsed.unreadable > 0 && !parsed.text_is_stated;
  return has_hole || (!parsed.complete && !parsed.end_announced);
}

/// Looks for an answer that is missing on stdout in the files that the CLI keeps.
void recover(const Backend& backend, const Task& task, const Path& own_directory, ParsedOutput& parsed) {
  const auto file = backend.transcript(parsed, task);
  if (!file || (file->directory.empty() && own_directory.empty())) return;
  const Path directory = file->directory.empty() ? own_directory : Path(file->directory);
  for (const Path& place : files_named(file->name, directory)) {
    if (const auto text = read_file(place, kLongestAnswer)) backend.recover(parsed, *text);
    if (parsed.complete && (parsed.unreadable == 0 || parsed.text_is_stated)) return;
  }
}

constexpr std::size_t kReadOfSession = 1u << 20;

/// What a CLI has noted about the windows of its login during this call, if it prints that nowhere. The newest counts.
void read_quota_files(const Backend& backend, const Task& task, milliseconds since, ParsedOutput& parsed) {
  const auto files = backend.quota_files(parsed, task);
  if (!files) return;
  for (const std::string& end : ends_of_files(files->directory, files->part, since, kReadOfSession))
    for (const std::string_view line : split(end, '\n'))
      if (auto reading = backend.quota_of_record(line, since))
        if (!parsed.quota || reading->heard_at >= parsed.quota->heard_at) parsed.quota = std::move(reading);
}

void run_process(const Backend& backend, const Task& task, ProcessCall process, const CallLimits& limits,
                 const CancelToken& cancel, const OnParsed& on_parsed, CallEnd& call) {
  if (limits.secrets != nullptr && has_secret_argument(task, *limits.secrets)) {
    call.failure = {.outcome = Outcome::blocked,
                    .message = "its arguments contain a secret, which every user of this machine could read",
                    .hint = std::string(hint_for_secret_argument())};
    return;
  }
  const auto files = make_files(limits.scratch, process);
  if (!files) {
    call.failure = {.outcome = Outcome::spawn_failed, .message = files.error().what, .hint = files.error().hint};
    if (files.error().code == Code::resource_exhausted) call.failure.outcome = Outcome::resources;
    return;
  }
  const Fd log = *files ? open_log((*files)->path(), process) : Fd();
  process.env.push_back(std::string(kRunIdVariable) + "=" + limits.tag);
  process.env.push_back("DELEGATE_DEPTH=" + std::to_string(limits.depth));
  ChildSpec spec;
  spec.argv = std::move(process.argv);
  spec.env = std::move(process.env);
  spec.cwd = task.cwd;
  spec.input = process.input;
  spec.clocks = {.first_output = task.settings.first_output_timeout,
                 .idle = task.settings.idle_timeout,
                 .total = Deadline::in(task.settings.timeout).or_earlier(limits.deadline)};
  spec.trace = [&] {
    const auto session = backend.session_files(call.parsed, task);
    return session ? trace_of_files(session->directory, session->part) : 0;
  };
  spec.log = log.get();
  spec.announces_start = backend.announces_start();
  spec.tag_name = kRunIdVariable;
  spec.keep_daemons = task.access == Access::write;  // starting a daemon may be its task
  Reader reader(backend, task, spec.clocks.total, call.parsed, on_parsed);
  const milliseconds started_at = wall_now();
  const auto result =
      run_child(spec, cancel, [&](Stream stream, std::string_view bytes) { return reader.take(stream, bytes); });
  if (!result) {
    call.failure = judge_spawn(result.error());
    return;
  }
  call.has_started = result->has_started;
  reader.finish();
  if (result->end == ChildEnd::exited) call.exit_code = result->exit_code;
  read_quota_files(backend, task, started_at, call.parsed);
  if (is_answer_missing(call)) recover(backend, task, *files ? (*files)->path() : Path(), call.parsed);
  call.failure = judge_process(backend, task, call.parsed, *result);
}

/// The run's deadline says nothing about a backend that had less than its own time limit, unless it was silent for
/// longer than any CLI takes to start.
void excuse_for_deadline(const Task& task, const CallLimits& limits, CallEnd& call) {
  const bool late = call.failure.outcome == Outcome::timed_out || call.failure.outcome == Outcome::timed_out_active;
  if (!late || !limits.deadline.passed() || call.took >= task.settings.timeout) return;
  if (call.failure.outcome == Outcome::timed_out && call.took >= kLongestStart) return;
  call.failure.outcome = Outcome::deadline_passed;
}

}  // namespace

CallEnd make_call(const Backend& backend, const Task& task, const CallLimits& limits, const CancelToken& cancel,
                  const OnParsed& on_parsed) {
  const auto started = std::chrono::steady_clock::now();
  CallEnd call;
  HttpCall server(backend, task, limits, cancel, on_parsed);
  if (!task.session.empty() && !backend.capabilities(task.settings).has(Capability::resume_sessions)) {
    call.failure = {
        .outcome = Outcome::bad_request, .message = "it has no sessions to continue", .is_callers_own = true};
  } else if (server.look_up(call)) {
    auto prepared = backend.prepare(task, server.lookups());
    if (!prepared) call.failure = std::move(prepared).error();
    else if (auto* process = std::get_if<ProcessCall>(&*prepared))
      run_process(backend, task, std::move(*process), limits, cancel, on_parsed, call);
    else if (server.load(call)) server.ask(std::get<HttpRequest>(*prepared), call);
  }
  call.took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
  call.parsed.usage = plausible(call.parsed.usage);
  excuse_for_deadline(task, limits, call);
  return call;
}

}  // namespace delegate
