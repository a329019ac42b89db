#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/mcp/news.hpp"
#include "core/base/deadline.hpp"
#include "core/jobs/job_process.hpp"
#include "core/mcp/service.hpp"

namespace delegate::cli::server {

/// One `ask` that an agent waits for: from its call until it is answered, with the end of the run or with its id.
class Asked {
 public:
  Asked(const mcp::Call& call, Request request, bool in_background, milliseconds patience, std::size_t longest);
  Asked(Asked&&) = default;

  const Request& request() const { return request_; }
  std::size_t longest() const { return longest_; }
  bool is_started() const { return process_.has_value(); }
  void start(jobs::JobProcess process) { process_.emplace(std::move(process)); }
  jobs::JobProcess& process() { return *process_; }
  const jobs::JobProcess& process() const { return *process_; }

  /// Writes what is left of the request, as far as there is room.
  void hand_over();
  bool is_handed_over() const { return handed_over_; }

  /// Reads what its process has said. Something when it has ended, or could not begin: it is to be answered with that.
  std::optional<jobs::JobEvent> hear();
  /// Its id may be handed out, and it is time to.
  bool is_to_be_left() const;
  /// "codex, 14 s, 2.1 kB", when that is due and wanted.
  std::optional<std::string> news();
  std::string doing() const;
  double seconds() const { return news_.age().count(); }
  /// When it wants to be looked at although nobody has said anything.
  Deadline wake() const;

 private:
  std::optional<jobs::JobEvent> take(const jobs::JobEvent& told);

  Request request_;
  bool in_background_;
  std::size_t longest_;
  Deadline patience_;
  News news_;
  std::optional<jobs::JobProcess> process_;
  bool handed_over_ = false;
  std::optional<jobs::job_event::Accepted> accepted_;
  bool begun_ = false;
  jobs::job_event::Progress progress_;
  std::string words_;
};

}  // namespace delegate::cli::server
