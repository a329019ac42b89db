#include "cli/mcp/server.hpp"

#include <algorithm>
#include <thread>

#include "cli/mcp/ask_request.hpp"
#include "cli/mcp/call_directory.hpp"
#include "cli/mcp/clients.hpp"
#include "cli/mcp/results.hpp"
#include "cli/mcp/tool_facts.hpp"
#include "cli/render/runs.hpp"
#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/base/ids.hpp"
#include "core/base/text.hpp"
#include "core/inspect/history.hpp"
#include "core/inspect/host_status.hpp"
#include "core/jobs/dispatcher.hpp"
#include "core/notify/announcer.hpp"
#include "core/os/launch.hpp"
#include "core/os/pipe_io.hpp"
#include "core/os/random.hpp"

namespace delegate::cli::server {
namespace {

constexpr std::size_t kMaxProcesses = 16;  // that one agent keeps busy; further calls are queued
constexpr std::size_t kMaxDetached = 256;  // runs that go on without their call and have not ended
constexpr milliseconds kCheck{200};        // how often the state of an awaited run is read
constexpr milliseconds kSparePause{50};  // after a call began: a spare process would compete with it for the processors
constexpr milliseconds kStopPatience{1'500};
constexpr milliseconds kStopPause{5};
constexpr milliseconds kFirstCanary{30'000};  // an editor starts many things at once
constexpr milliseconds kShortestCanary{1'000};
constexpr milliseconds kCanaryLook{300'000};  // at the configuration, which may switch it on again

constexpr const char* kForUser = "Only the user can fix this: report it to them.";
constexpr const char* kNotKept =
    "The answer of a run is kept only if ask returned its id without the answer, or next_offset. Ask again.";

mcp::ToolResult failure_of(const jobs::job_event::Failed& failed, const AskCall& call) {
  if (failed.exit_code == kAllBusy)
    return failure(failed.message, "Wait until some runs have ended, or stop some: call result with cancel.");
  if (call.is_refused()) return failure(failed.message, kForUser);
  const std::string& run = call.request().run_id;
  // Its process has ended; another one may go on with it, or have its answer.
  return failure(failed.message, "Call result with run=" + run + "; ask again only if there is no such run.", run);
}

mcp::ToolResult status_of(const Engine& engine) {
  const std::vector<SeenBackend> seen = seen_backends(engine);
  return server::status(seen, order_of_auto(engine, installed_ones(seen)), engine.breakers.trouble());
}

mcp::ToolResult config_failure(const Error& error) {
  const Error shown = for_model(error);
  return failure(shown.what, shown.hint);
}

mcp::ToolResult no_such_run(const Error& error) {
  switch (error.code) {
    case Code::not_found: return failure(error.what, kNotKept);
    case Code::invalid_argument: return failure(error.what, "Give the whole id.");
    default: return failure(error.what, kForUser);
  }
}

/// A job process that has reported nothing has run nothing, unless the run is in the store of its directory. True also
/// if that cannot be seen.
bool may_have_begun(const World& world, const std::string& config_file, const Request& request) {
  const auto configured = configure(world, config_file, request.cwd);
  if (!configured || !check_usable(configured->loaded)) return true;
  const Host host(world, configured->loaded.config);
  if (host.store() == nullptr) return true;
  Jobs* jobs = host.store()->jobs();
  if (jobs == nullptr) return false;
  const auto row = jobs->find(request.run_id);
  return row || row.error().code != Code::not_found;
}

mcp::Failure internal(const Error& error) {
  return {.reason = mcp::Failure::Reason::internal, .message = error.what, .data = {}};
}

mcp::ResourceResult resource(const std::string& uri, const char* type, std::string contents) {
  return {.contents = {{.uri = uri, .mime_type = type, .text = std::move(contents)}}};
}

}  // namespace

Server::Server(const World& world, std::string config_file, const ServerOptions& options)
    : world_(world), config_file_(std::move(config_file)), options_(options), connection_(*this) {
  start_spare();  // the first call may come at once, and a process needs longer to start than all the rest here
  // Errors in it are reported by the calls.
  const auto configured = configure(world_, config_file_, world_.cwd);
  capabilities_ = server::capabilities(
      facts_of(world_, configured ? configured->loaded.config : built_in_config(), options_.may_write));
}

Server::~Server() { stop(); }

Result<const Host*> Server::host() {
  TRY(Configured configured, configure(world_, config_file_, world_.cwd));
  TRY_STATUS(check_usable(configured.loaded));
  host_.reset();
  configured_.emplace(std::move(configured));
  host_.emplace(world_, configured_->loaded.config);
  return &*host_;
}

void Server::use_free_time() {
  if (ask_calls_.empty() && !next_spare_.is_never()) start_spare();
  if (!std::exchange(has_begun_, true)) begin_session();
}

void Server::begin_session() {
  // Errors in the configuration or the store are reported by the calls.
  next_canary_ = Deadline::in(kCanaryLook);
  const auto here = host();
  if (!here || (*here)->store() == nullptr) return;
  static_cast<void>((*here)->engine().guards.reset(""));
  notify::announce_pending(world_, own_command(world_), (*here)->engine());
  const milliseconds interval = (*here)->engine().config.canary.interval;
  next_canary_ = Deadline::in(interval > milliseconds(0) ? std::min(kFirstCanary, interval) : kCanaryLook);
}

void Server::start_canary() {
  next_canary_ = Deadline::in(kCanaryLook);
  const auto here = host();
  if (!here || (*here)->store() == nullptr || (*here)->store()->canary() == nullptr) return;
  const milliseconds interval = (*here)->engine().config.canary.interval;
  if (interval == milliseconds(0)) return;
  next_canary_ = Deadline::in(std::max(interval, kShortestCanary));
  const OwnCommand self = own_command(world_);
  Program program{.executable = self.executable, .argv = {"delegate"}, .env = world_.variables()};
  program.argv.insert(program.argv.end(), self.options.begin(), self.options.end());
  // Another server may have started one a moment ago.
  program.argv.insert(program.argv.end(), {"canary", "run", "--if-older", format_duration(interval * 9 / 10)});
  static_cast<void>(start_detached(program, -1, "/"));  // if it cannot be started, the next one may
}

void Server::ask(const mcp::Call& call, const mcp::Json& arguments) {
  auto request = request_from(world_, config_file_, arguments, options_.may_write);
  if (!request) {
    connection_.finish(call.id, failure(request.error().what, request.error().hint));
    return;
  }
  if (unreaped_.size() >= kMaxDetached) {
    connection_.finish(call.id, failure("too many runs whose id was returned have not ended",
                                        "Wait for some or stop some: call result, with cancel to stop."));
    return;
  }
  ask_calls_.emplace(
      call.id, AskCall(call, *std::move(request), flag_argument(arguments, "background"),
                       patience_of(call.client.name, options_.client_timeout), habits_of(call.client.name).max_result));
  start_queued();
}

Status Server::start(AskCall& call) {
  if (!spare_) {
    TRY(jobs::JobProcess process, jobs::JobProcess::start(world_, own_command(world_)));
    spare_ = std::move(process);
  }
  // No two processes have the same run, so what is recorded of one that was killed is not taken for the other's.
  call.start(*std::exchange(spare_, std::nullopt), make_run_id(world_.clock.now().wall, random_bits()));
  next_spare_ = Deadline::in(kSparePause);
  return {};
}

void Server::start_spare() {
  next_spare_ = Deadline::never();
  if (spare_) return;
  // Without one, the next call starts its own process, and says why if it cannot.
  if (auto process = jobs::JobProcess::start_spare(world_, own_command(world_))) spare_ = *std::move(process);
}

void Server::drop_dead_spare() {
  if (!spare_ || !has_input(spare_->output().get()) || spare_->receive()) return;
  unreaped_.push_back({spare_->pid(), true});
  spare_.reset();
}

bool Server::restart(AskCall& call) {
  if (!call.may_have_another_process() || may_have_begun(world_, config_file_, call.request())) return false;
  const pid_t dead = call.process().pid();
  if (!start(call)) return false;
  unreaped_.push_back({dead, true});
  return true;
}

void Server::start_queued() {
  std::size_t running = 0;
  for (const auto& [id, call] : ask_calls_) running += call.is_started() ? 1U : 0U;
  std::vector<std::pair<mcp::CallId, Error>> failed;
  for (auto& [id, call] : ask_calls_) {
    if (running >= kMaxProcesses) break;
    if (call.is_started()) continue;
    if (const Status started = start(call)) ++running;
    else failed.emplace_back(id, started.error());
  }
  for (const auto& [id, error] : failed) {
    ask_calls_.erase(id);
    connection_.finish(id, failure(error.what, kForUser));
  }
}

void Server::finish(mcp::CallId id, AskCall& call, const jobs::JobEvent& last) {
  bool is_cut = false;
  if (const auto* end = std::get_if<jobs::job_event::Ended>(&last)) {
    const milliseconds now = world_.clock.now().wall;
    EndedRun run =
        ended(end->result.record,
              {.id = call.request().run_id, .most = call.max_result(), .notes = call.notes(), .times = {now, now}});
    is_cut = run.is_cut;
    connection_.finish(id, std::move(run.result));
  } else {
    connection_.finish(id, failure_of(std::get<jobs::job_event::Failed>(last), call));
  }
  if (is_cut) call.process().detach();  // the rest will be fetched from the store
  else call.process().abort();
  unreaped_.push_back({call.process().pid(), true});
}

void Server::detach(mcp::CallId id, AskCall& call) {
  call.process().detach();
  unreaped_.push_back({call.process().pid(), true});
  const std::string& run = call.request().run_id;
  // A task has its answer when the run ends, and no id has to be fetched.
  if (!call.is_in_background() && connection_.make_task(id, run, call.doing()) && host())
    result_calls_.emplace(id, ResultCall{.run = run,
                                         .deadline = Deadline::never(),
                                         .offset = 0,
                                         .max_result = call.max_result(),
                                         .cancels = false,
                                         .progress_timer = call.progress_timer(),
                                         .is_task = true});
  else connection_.finish(id, working(run, call.doing()));
}

bool Server::advance(mcp::CallId id, AskCall& call) {
  if (!call.is_started()) return false;
  if (!call.is_request_sent()) call.send_request();
  if (const auto last = call.receive()) {
    if (restart(call)) return false;
    finish(id, call, *last);
    return true;
  }
  if (call.is_to_be_detached()) {
    detach(id, call);
    return true;
  }
  if (const auto message = call.progress())
    connection_.progress(id, {.done = call.seconds(), .total = {}, .message = *message});
  return false;
}

void Server::fetch(const mcp::Call& call, const mcp::Json& arguments) {
  const auto host = this->host();
  if (!host) {
    connection_.finish(call.id, config_failure(host.error()));
    return;
  }
  const bool cancels = flag_argument(arguments, "cancel");
  auto job = jobs::find_job((*host)->engine(), text_argument(arguments, "run"));
  if (job && cancels)
    if (const Status stopped = jobs::cancel_job((*host)->engine(), *job); !stopped)
      job = tl::unexpected(stopped.error());
  if (!job) {
    connection_.finish(call.id, no_such_run(job.error()));
    return;
  }
  // The default wait is long: some agents take the same call made again and again for a loop.
  const milliseconds wait = std::chrono::seconds(number_argument(arguments, "wait_s", kMaxWaitSeconds));
  ResultCall result_call{
      .run = job->row.id,
      .deadline = Deadline::in(std::min(wait, patience_of(call.client.name, options_.client_timeout))),
      .offset = static_cast<std::size_t>(number_argument(arguments, "offset", 0)),
      .max_result = habits_of(call.client.name).max_result,
      .cancels = cancels,
      .progress_timer = ProgressTimer(call.wants_progress)};
  if (!check(call.id, result_call)) result_calls_.emplace(call.id, std::move(result_call));
}

bool Server::check(mcp::CallId id, ResultCall& call) {
  call.next_check = Deadline::in(kCheck).or_earlier(call.deadline);
  const milliseconds now = world_.clock.now().wall;
  const auto job = jobs::find_job(host_->engine(), call.run);
  // The one that was there may have been killed; it is tried again with the next look.
  Status ensured;
  if (job && !job->has_ended() && !job->row.has_started())
    ensured = jobs::ensure_dispatcher(world_, own_command(world_), host_->engine());
  const auto doing = [&] {
    return describe(*job) + (ensured ? "" : "; nothing starts it yet: " + one_line(ensured.error().what));
  };
  if (!job) connection_.finish(id, no_such_run(job.error()));
  else if (job->is_lost) connection_.finish(id, failure(describe(*job), "Ask again.", job->row.id));
  else if (job->has_ended())
    connection_.finish(id,
                       ended(jobs::job_result_from(job->row).record, {.id = job->row.id,
                                                                      .offset = call.offset,
                                                                      .most = call.max_result,
                                                                      .times = {now, job->row.ended_at.value_or(now)},
                                                                      .is_cancelled_by_this_call = call.cancels})
                           .result);
  else if (call.deadline.passed()) connection_.finish(id, working(job->row.id, doing()));
  else {
    if (call.progress_timer.is_due())
      connection_.progress(id, {.done = call.progress_timer.age().count(), .total = {}, .message = doing()});
    return false;
  }
  return true;
}

void Server::call_tool(const mcp::Call& call, const std::string& name, const mcp::Json& arguments) {
  if (name == "ask") return ask(call, arguments);
  if (name == "result") return fetch(call, arguments);
  const auto host = this->host();
  connection_.finish(call.id, host ? status_of((*host)->engine()) : config_failure(host.error()));
}

void Server::read_resource(const mcp::Call& call, const std::string& uri) {
  const milliseconds now = world_.clock.now().wall;
  const auto host = this->host();
  if (!host) {
    connection_.finish(call.id, internal(for_model(host.error())));
    return;
  }
  if (uri == kStatusUri) {
    connection_.finish(call.id, resource(uri, "application/json", dump(*status_of((*host)->engine()).structured)));
    return;
  }
  if (uri == kHistoryUri) {
    const auto project = directory_for(world_, "");  // an agent learns nothing of other projects
    const auto runs = project ? inspect::latest_runs((*host)->engine(), {.project = project->path})
                              : Result<std::vector<inspect::PastRun>>(tl::unexpected(project.error()));
    connection_.finish(
        call.id, runs ? mcp::Answer(resource(uri, "application/json", list_to_json(*runs))) : internal(runs.error()));
    return;
  }
  const auto job = uri.starts_with(kRunUri)
                       ? jobs::find_job((*host)->engine(), uri.substr(std::string_view(kRunUri).size()))
                       : tl::unexpected(Error{Code::not_found, "no such resource", {}});
  if (job && job->row.state == JobRow::State::ended)
    connection_.finish(
        call.id, resource(uri, "text/plain",
                          answer_of(jobs::job_result_from(job->row).record, {now, job->row.ended_at.value_or(now)})));
  else
    connection_.finish(call.id, mcp::Failure{.reason = mcp::Failure::Reason::resource_not_found,
                                             .message = job ? describe(*job) : job.error().what,
                                             .data = {{"uri", uri}}});
}

void Server::cancelled(mcp::CallId id, mcp::CancelledBy by) {
  // Other runs that are waited for go on, and so does that of a task whose client is gone.
  if (const auto awaiting = result_calls_.find(id); awaiting != result_calls_.end()) {
    if (awaiting->second.is_task && by == mcp::CancelledBy::client)
      if (const auto job = jobs::find_job(host_->engine(), awaiting->second.run))
        static_cast<void>(jobs::cancel_job(host_->engine(), *job));  // it may have ended a moment ago
    result_calls_.erase(awaiting);
  }
  const auto found = ask_calls_.find(id);
  if (found == ask_calls_.end()) return;
  if (found->second.is_started()) terminate(found->second.process());
  ask_calls_.erase(found);
}

void Server::terminate(const jobs::JobProcess& process) {
  terminate_child(process.pid());
  unreaped_.push_back({process.pid(), false});
}

void Server::reap() {
  std::erase_if(unreaped_, [](const Unreaped& one) { return reap_child(one.pid); });
}

void Server::advance_all() {
  for (auto at = ask_calls_.begin(); at != ask_calls_.end();)
    at = advance(at->first, at->second) ? ask_calls_.erase(at) : ++at;
  for (auto at = result_calls_.begin(); at != result_calls_.end();)
    at = at->second.next_check.passed() && check(at->first, at->second) ? result_calls_.erase(at) : ++at;
  start_queued();
  if (next_spare_.passed()) start_spare();
  drop_dead_spare();
  reap();
  if (next_canary_.passed()) start_canary();
}

std::vector<Server::Watched> Server::watched() const {
  std::vector<Watched> all;
  for (const auto& [id, call] : ask_calls_) {
    if (!call.is_started()) continue;
    all.push_back({call.process().output().get(), Watched::For::input});
    if (!call.is_request_sent()) all.push_back({call.process().lifeline().get(), Watched::For::room});
  }
  if (spare_) all.push_back({spare_->output().get(), Watched::For::input});
  return all;
}

Deadline Server::wake() const {
  Deadline wake = unreaped_.empty() ? Deadline::never() : Deadline::in(kCheck);
  wake = wake.or_earlier(next_canary_).or_earlier(next_spare_);
  for (const auto& [id, call] : ask_calls_) wake = wake.or_earlier(call.wake());
  for (const auto& [id, call] : result_calls_) wake = wake.or_earlier(call.next_check);
  return wake;
}

void Server::stop() {
  if (spare_) terminate(*std::exchange(spare_, std::nullopt));
  while (!ask_calls_.empty()) cancelled(ask_calls_.begin()->first, mcp::CancelledBy::end_of_input);
  const Deadline deadline = Deadline::in(kStopPatience);
  const auto is_cancelled = [](const Unreaped& one) { return !one.may_go_on; };
  for (reap(); std::any_of(unreaped_.begin(), unreaped_.end(), is_cancelled) && !deadline.passed(); reap())
    std::this_thread::sleep_for(kStopPause);
  for (const Unreaped& one : unreaped_)
    if (is_cancelled(one)) kill_child(one.pid);  // supervisors stop the processes that it has started
}

}  // namespace delegate::cli::server
