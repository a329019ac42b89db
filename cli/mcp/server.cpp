#include "cli/mcp/server.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "cli/commands/commands.hpp"
#include "cli/commands/request_builder.hpp"
#include "cli/mcp/clients.hpp"
#include "cli/mcp/directory.hpp"
#include "cli/mcp/offer.hpp"
#include "cli/mcp/results.hpp"
#include "cli/render/runs.hpp"
#include "core/base/duration.hpp"
#include "core/base/ids.hpp"
#include "core/inspect/host_status.hpp"
#include "core/notify/announcer.hpp"

namespace delegate::cli::server {
namespace {

constexpr std::size_t kMostAtOnce = 16;   // processes that one agent keeps busy; more calls wait in their order
constexpr std::size_t kMostLeft = 256;    // runs that it has left behind and that have not ended
constexpr milliseconds kLook{200};        // how often the end of a run that is waited for is looked for
constexpr milliseconds kFarewell{1'500};  // for the processes of calls that nobody waits for

std::string text(const mcp::Json& arguments, const char* key) {
  return arguments.contains(key) ? arguments[key].get<std::string>() : std::string();
}
int number(const mcp::Json& arguments, const char* key, int otherwise) {
  return arguments.contains(key) ? arguments[key].get<int>() : otherwise;
}
bool flag(const mcp::Json& arguments, const char* key) { return arguments.contains(key) && arguments[key].get<bool>(); }

std::vector<std::string> backends_of(const Config& config) {
  std::vector<std::string> names;
  for (const auto& [name, backend] : config.backends)
    if (backend.enabled) names.push_back(name);
  return names;
}

/// Only a model that is named and has no tools certainly reads none.
Reads reads_files(const Config& config, const std::string& backend) {
  const BackendSettings* settings = config.backend(backend);
  const bool has_no_tools = settings != nullptr && (settings->kind == "ollama" || settings->kind == "openai");
  return has_no_tools ? Reads::nothing : Reads::files;
}

Status check(const Configured& configured) {
  if (configured.loaded.problems.empty()) return {};
  const ConfigProblem& first = configured.loaded.problems.front();
  return fail(Code::invalid_argument, to_string(first), first.hint);
}

mcp::Failure internal(const Error& error) {
  return {.kind = mcp::Failure::Kind::internal, .message = error.what, .data = {}};
}

mcp::ResourceResult resource(const std::string& uri, const char* type, std::string contents) {
  return {.contents = {{.uri = uri, .mime_type = type, .text = std::move(contents), .base64 = {}}}};
}

jobs::job_event::Ended end_of(const JobRow& row) { return {row.result, row.remarks, row.exit_code}; }

}  // namespace

Server::Server(const World& world, std::string config_file, const McpCommand& command)
    : world_(world), config_file_(std::move(config_file)), may_write_(command.allow_write), connection_(*this) {
  if (!command.client_timeout.empty())
    client_timeout_ = parse_duration(command.client_timeout).value_or(milliseconds(0));
  // What is wrong with it is said when somebody asks.
  const auto configured = configure(world_, config_file_, world_.cwd);
  offer_ = server::offer(backends_of(configured ? configured->loaded.config : Config{}), may_write_);
}

Server::~Server() { stop(); }

Result<const Host*> Server::host() {
  TRY(Configured configured, configure(world_, config_file_, world_.cwd));
  TRY_STATUS(check(configured));
  host_.reset();
  configured_.emplace(std::move(configured));
  host_.emplace(world_, configured_->loaded.config);
  return &*host_;
}

void Server::begin_session() {
  // What is wrong with configuration or store is said when somebody asks.
  const auto here = host();
  if (!here || (*here)->store() == nullptr) return;
  static_cast<void>((*here)->engine().guards.reset(""));
  notify::announce_pending(world_, own_command(world_), (*here)->engine());
}

Result<Request> Server::request_of(const mcp::Json& arguments) const {
  TRY(const Configured here, configure(world_, config_file_, world_.cwd));
  const Reads reads = reads_files(here.loaded.config, text(arguments, "backend"));
  TRY(const std::string directory, directory_for(world_, text(arguments, "cwd"), reads));
  TRY(const Configured configured, configure(world_, config_file_, directory));
  TRY_STATUS(check(configured));
  AskCommand command{.words = {text(arguments, "prompt")},
                     .backend = text(arguments, "backend"),
                     .model = text(arguments, "model"),
                     .directory = directory,
                     .session = text(arguments, "session"),
                     .write = may_write_ && flag(arguments, "write"),
                     .no_stdin = true,
                     .json = true};
  if (arguments.contains("timeout_s")) command.timeout = std::to_string(number(arguments, "timeout_s", 0)) + "s";
  TRY(Request request, question_of(world_, configured.loaded.config, command, Output(world_)));
  const Host host(world_, configured.loaded.config);
  TRY_STATUS(find_session(command, host, request));
  request.run_id = make_run_id(world_.clock.now().wall);
  return request;
}

void Server::ask(const mcp::Call& call, const mcp::Json& arguments) {
  auto request = request_of(arguments);
  if (!request) {
    connection_.finish(call.id, failure(request.error().what, request.error().hint));
    return;
  }
  if (leaving_.size() >= kMostLeft) {
    connection_.finish(call.id, failure("too many runs that were left running have not ended", "fetch or cancel some"));
    return;
  }
  asked_.emplace(call.id, Asked(call, *std::move(request), flag(arguments, "background"),
                                patience_of(call.client.name, client_timeout_), habits_of(call.client.name).longest));
  start_waiting();
}

void Server::start_waiting() {
  std::size_t running = 0;
  for (const auto& [id, asked] : asked_) running += asked.is_started() ? 1U : 0U;
  std::vector<std::pair<mcp::CallId, Error>> failed;
  for (auto& [id, asked] : asked_) {
    if (running >= kMostAtOnce) break;
    if (asked.is_started()) continue;
    auto process = jobs::JobProcess::start(world_, own_command(world_), asked.request());
    if (!process) {
      failed.emplace_back(id, process.error());
      continue;
    }
    asked.start(*std::move(process));
    asked.hand_over();
    ++running;
  }
  for (const auto& [id, error] : failed) {
    asked_.erase(id);
    connection_.finish(id, failure(error.what, error.hint));
  }
}

void Server::finish(mcp::CallId id, Asked& asked, const jobs::JobEvent& told) {
  const auto* end = std::get_if<jobs::job_event::Ended>(&told);
  bool is_cut = false;
  if (end != nullptr) {
    Shown shown = ended(asked.request().run_id, *end, 0, asked.longest());
    is_cut = shown.is_cut;
    connection_.finish(id, std::move(shown.result));
  } else {
    const auto& failed = std::get<jobs::job_event::Failed>(told);
    connection_.finish(id, failure(failed.message, failed.hint));
  }
  if (is_cut) asked.process().detach();  // the rest is to be fetched
  else asked.process().abort();
  leaving_.push_back({asked.process().pid(), true});
}

void Server::leave(mcp::CallId id, Asked& asked) {
  asked.process().detach();
  leaving_.push_back({asked.process().pid(), true});
  connection_.finish(id, working(asked.request().run_id, asked.doing()));
}

bool Server::go_on(mcp::CallId id, Asked& asked) {
  if (!asked.is_started()) return false;
  if (!asked.is_handed_over()) asked.hand_over();
  pollfd words{asked.process().words().get(), POLLIN, 0};
  if (::poll(&words, 1, 0) == 1)
    if (const auto last = asked.hear()) {
      finish(id, asked, *last);
      return true;
    }
  if (asked.is_to_be_left()) {
    leave(id, asked);
    return true;
  }
  if (const auto news = asked.news())
    connection_.progress(id, {.done = asked.seconds(), .total = {}, .message = *news});
  return false;
}

void Server::fetch(const mcp::Call& call, const mcp::Json& arguments) {
  const auto host = this->host();
  const std::string run = text(arguments, "run");
  auto job = host ? jobs::find_job((*host)->engine(), run) : tl::unexpected(host.error());
  if (job && flag(arguments, "cancel"))
    if (const Status stopped = jobs::cancel_job((*host)->engine(), *job); !stopped)
      job = tl::unexpected(stopped.error());
  if (!job) {
    connection_.finish(call.id, failure(job.error().what, job.error().hint));
    return;
  }
  // For long, if nothing else is said: some agents take a call that is made again and again for a loop.
  const milliseconds wait = std::chrono::seconds(number(arguments, "wait_s", kLongestWait));
  Fetching fetching{.run = job->row.id,
                    .patience = Deadline::in(std::min(wait, patience_of(call.client.name, client_timeout_))),
                    .offset = static_cast<std::size_t>(number(arguments, "offset", 0)),
                    .longest = habits_of(call.client.name).longest,
                    .news = News(call.wants_progress)};
  if (!look(call.id, fetching)) fetching_.emplace(call.id, std::move(fetching));
}

bool Server::look(mcp::CallId id, Fetching& fetching) {
  fetching.next_look = Deadline::in(kLook).or_earlier(fetching.patience);
  const auto job = jobs::find_job(host_->engine(), fetching.run);
  if (!job) connection_.finish(id, failure(job.error().what, job.error().hint));
  else if (job->is_lost) connection_.finish(id, failure(describe(*job), "ask again"));
  else if (job->has_ended())
    connection_.finish(id, ended(job->row.id, end_of(job->row), fetching.offset, fetching.longest).result);
  else if (fetching.patience.passed()) connection_.finish(id, working(job->row.id, describe(*job)));
  else {
    if (fetching.news.are_due())
      connection_.progress(id, {.done = fetching.news.age().count(), .total = {}, .message = describe(*job)});
    return false;
  }
  return true;
}

void Server::call_tool(const mcp::Call& call, const std::string& name, const mcp::Json& arguments) {
  if (name == "ask") return ask(call, arguments);
  if (name == "result") return fetch(call, arguments);
  const auto host = this->host();
  connection_.finish(call.id, host ? server::status(inspect::status_of((*host)->engine()))
                                   : failure(host.error().what, host.error().hint));
}

void Server::read_resource(const mcp::Call& call, const std::string& uri) {
  const auto host = this->host();
  if (!host) {
    connection_.finish(call.id, internal(host.error()));
    return;
  }
  if (uri == kStatusUri) {
    const std::string json = to_json(inspect::status_of((*host)->engine()));
    connection_.finish(call.id, resource(uri, "application/json", json));
    return;
  }
  if (uri == kHistoryUri) {
    const auto json = history_of(**host);
    connection_.finish(call.id, json ? mcp::Answer(resource(uri, "application/json", *json)) : internal(json.error()));
    return;
  }
  const auto job = uri.starts_with(kRunUri)
                       ? jobs::find_job((*host)->engine(), uri.substr(std::string_view(kRunUri).size()))
                       : tl::unexpected(Error{Code::not_found, "there is no such resource", {}});
  if (job && job->row.state == JobRow::State::ended)
    connection_.finish(call.id, resource(uri, "text/plain", answer_of(end_of(job->row))));
  else
    connection_.finish(call.id, mcp::Failure{.kind = mcp::Failure::Kind::resource_not_found,
                                             .message = job ? describe(*job) : job.error().what,
                                             .data = {{"uri", uri}}});
}

void Server::get_prompt(const mcp::Call& call, const std::string&, const std::map<std::string, std::string>&) {
  connection_.finish(call.id, internal({Code::not_found, "there are no prompts", {}}));
}

void Server::complete(const mcp::Call& call, const mcp::CompletionQuery&) {
  connection_.finish(call.id, mcp::CompletionResult{});
}

void Server::cancelled(mcp::CallId id) {
  fetching_.erase(id);
  const auto found = asked_.find(id);
  if (found == asked_.end()) return;
  if (found->second.is_started()) {
    jobs::JobProcess& process = found->second.process();
    ::kill(process.pid(), SIGTERM);  // our child, not reaped: its pid is its own
    leaving_.push_back({process.pid(), false});
  }
  asked_.erase(found);
}

void Server::reap() {
  std::erase_if(leaving_, [](const Leaving& one) { return ::waitpid(one.pid, nullptr, WNOHANG) != 0; });
}

void Server::act() {
  for (auto at = asked_.begin(); at != asked_.end();) at = go_on(at->first, at->second) ? asked_.erase(at) : ++at;
  for (auto at = fetching_.begin(); at != fetching_.end();)
    at = at->second.next_look.passed() && look(at->first, at->second) ? fetching_.erase(at) : ++at;
  start_waiting();
  reap();
}

std::vector<Server::Watched> Server::watched() const {
  std::vector<Watched> all;
  for (const auto& [id, asked] : asked_) {
    if (!asked.is_started()) continue;
    all.push_back({asked.process().words().get(), POLLIN});
    if (!asked.is_handed_over()) all.push_back({asked.process().lifeline().get(), POLLOUT});
  }
  return all;
}

Deadline Server::wake() const {
  Deadline wake = leaving_.empty() ? Deadline::never() : Deadline::in(kLook);
  for (const auto& [id, asked] : asked_) wake = wake.or_earlier(asked.wake());
  for (const auto& [id, fetching] : fetching_) wake = wake.or_earlier(fetching.next_look);
  return wake;
}

void Server::stop() {
  while (!asked_.empty()) cancelled(asked_.begin()->first);
  const Deadline patience = Deadline::in(kFarewell);
  const auto is_awaited = [](const Leaving& one) { return !one.is_wanted; };
  for (reap(); std::any_of(leaving_.begin(), leaving_.end(), is_awaited) && !patience.passed(); reap())
    ::poll(nullptr, 0, 5);
  for (const Leaving& one : leaving_)
    if (is_awaited(one)) ::kill(one.pid, SIGKILL);  // its supervisors stop what it has started
}

}  // namespace delegate::cli::server
