#pragma once
#include <map>
#include <optional>

#include "cli/mcp/ask_call.hpp"
#include "cli/session.hpp"
#include "core/jobs/job_status.hpp"
#include "core/mcp/connection.hpp"

namespace delegate::cli::server {

struct ServerOptions {
  bool may_write = false;
  std::optional<milliseconds> client_timeout;  // of one call; absent: what is known of the client
};

/// delegate for one agent. It runs no backend itself: each `ask` has its own job process (core/jobs/job_process.hpp),
/// so one thread serves any number of calls, and a run whose id was returned outlives the server.
class Server final : public mcp::Service {
 public:
  Server(const World& world, std::string config_file, const ServerOptions& options);
  ~Server() override;

  mcp::Connection& connection() { return connection_; }
  /// A descriptor to poll; `advance_all` is called after each poll.
  struct Watched {
    enum class For { input, room };
    int fd;
    For what;
  };
  std::vector<Watched> watched() const;
  Deadline wake() const;
  /// Advances every call as far as it goes without waiting.
  void advance_all();
  /// Does work that no client waits for. To be called when no answer is left to write.
  void use_free_time();
  /// Cancels all calls. Detached runs go on.
  void stop();

  const mcp::Capabilities& capabilities() const override { return capabilities_; }
  void call_tool(const mcp::Call& call, const std::string& name, const mcp::Json& arguments) override;
  void read_resource(const mcp::Call& call, const std::string& uri) override;
  void cancelled(mcp::CallId id, mcp::CancelledBy by) override;

 private:
  /// A call of the tool `result`, or a task of the tool `ask`, that waits for the end of a run.
  struct ResultCall {
    std::string run;
    Deadline deadline;
    std::size_t offset;
    std::size_t max_result;
    bool cancels;
    ProgressTimer progress_timer;
    bool is_task = false;
    Deadline next_check = Deadline::in(milliseconds(0));
  };
  /// A job process whose call was answered or cancelled.
  struct Unreaped {
    pid_t pid;
    bool may_go_on;  // the call was answered
  };

  void ask(const mcp::Call& call, const mcp::Json& arguments);
  void fetch(const mcp::Call& call, const mcp::Json& arguments);
  void start_queued();
  /// Gives the call the spare process, or a new one, and the run an id.
  Status start(AskCall& call);
  void start_spare();
  void drop_dead_spare();
  /// Its process may have been killed before it took the request. True: the call has another one.
  bool restart(AskCall& call);
  /// Its call was cancelled, or there will be none.
  void terminate(const jobs::JobProcess& process);
  /// True: the call was answered.
  bool advance(mcp::CallId id, AskCall& call);
  bool check(mcp::CallId id, ResultCall& call);
  void finish(mcp::CallId id, AskCall& call, const jobs::JobEvent& last);
  void detach(mcp::CallId id, AskCall& call);
  void reap();
  /// Resets the guards of side jobs: what failed in an earlier session may be tried again.
  void begin_session();
  /// Checks the state of the host every now and then, in a process of its own.
  void start_canary();
  /// A host with the configuration as it is now.
  Result<const Host*> host();

  const World& world_;
  std::string config_file_;
  ServerOptions options_;
  std::optional<Configured> configured_;
  std::optional<Host> host_;
  mcp::Capabilities capabilities_;
  mcp::Connection connection_;
  std::map<mcp::CallId, AskCall> ask_calls_;
  std::map<mcp::CallId, ResultCall> result_calls_;
  std::vector<Unreaped> unreaped_;
  // Takes the next call, which then need not wait for the start of a process. One that ends by itself is replaced only
  // after that call, so one that cannot start is not started again and again.
  std::optional<jobs::JobProcess> spare_;
  Deadline next_spare_ = Deadline::never();  // or as soon as no call is left
  bool has_begun_ = false;                   // the session
  Deadline next_canary_ = Deadline::never();
};

}  // namespace delegate::cli::server
