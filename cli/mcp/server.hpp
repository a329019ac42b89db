#pragma once
#include <deque>
#include <map>
#include <optional>

#include "cli/args/parse.hpp"
#include "cli/mcp/asked.hpp"
#include "cli/terminal/output.hpp"
#include "cli/session.hpp"
#include "core/jobs/job_status.hpp"
#include "core/mcp/connection.hpp"

namespace delegate::cli::server {

/// delegate for one agent. Runs nothing itself: each `ask` is a process of its own (see background/process.hpp), so a
/// single thread serves any number of calls, and a run whose id was handed out outlives the server.
class Server final : public mcp::Service {
 public:
  Server(const World& world, std::string config_file, const McpCommand& command);
  ~Server() override;

  mcp::Connection& connection() { return connection_; }
  /// Descriptors of the runs, for the loop that polls; `act` is called after each poll.
  struct Watched {
    int fd;
    short events;
  };
  std::vector<Watched> watched() const;
  Deadline wake() const;
  /// Goes on with everything that can go on.
  void act();
  /// What failed in an earlier session may be tried again: the guards of side jobs are closed.
  void begin_session();
  /// Ends what nobody will fetch. What was handed out goes on.
  void stop();

  const mcp::Capabilities& capabilities() const override { return offer_; }
  void call_tool(const mcp::Call& call, const std::string& name, const mcp::Json& arguments) override;
  void read_resource(const mcp::Call& call, const std::string& uri) override;
  void get_prompt(const mcp::Call& call, const std::string& name,
                  const std::map<std::string, std::string>& arguments) override;
  void complete(const mcp::Call& call, const mcp::CompletionQuery& query) override;
  void cancelled(mcp::CallId id) override;

 private:
  /// A `result` that waits for the end of a run.
  struct Fetching {
    std::string run;
    Deadline patience;
    std::size_t offset;
    std::size_t longest;
    News news;
    Deadline next_look = Deadline::in(milliseconds(0));
  };
  /// A run's process that is no longer ours to hold, until it is reaped.
  struct Leaving {
    pid_t pid;
    bool is_wanted;  // its id was handed out
  };

  void ask(const mcp::Call& call, const mcp::Json& arguments);
  Result<Request> request_of(const mcp::Json& arguments) const;
  void fetch(const mcp::Call& call, const mcp::Json& arguments);
  void start_waiting();
  /// True: it was answered.
  bool go_on(mcp::CallId id, Asked& asked);
  bool look(mcp::CallId id, Fetching& fetching);
  void finish(mcp::CallId id, Asked& asked, const jobs::JobEvent& told);
  void leave(mcp::CallId id, Asked& asked);
  void reap();
  /// A host as it is configured now.
  Result<const Host*> host();

  const World& world_;
  std::string config_file_;
  bool may_write_;
  std::optional<milliseconds> client_timeout_;
  std::optional<Configured> configured_;
  std::optional<Host> host_;
  mcp::Capabilities offer_;
  mcp::Connection connection_;
  std::map<mcp::CallId, Asked> asked_;
  std::map<mcp::CallId, Fetching> fetching_;
  std::vector<Leaving> leaving_;
};

}  // namespace delegate::cli::server
