#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/deadline.hpp"
#include "core/jobs/job_start.hpp"
#include "core/os/fd.hpp"
#include "core/state/jobs.hpp"

// The processes that the dispatcher starts for jobs, and what is known of those that end before they take their turns.
namespace delegate::jobs {

/// The children of the dispatcher.
class StartedProcesses {
 public:
  /// Of a process: whether it took its turn is in the store.
  struct End {
    JobRow given;             // with the turn that it was started for
    std::string place;        // see place_of
    bool was_killed = false;  // by a signal
    bool has_taken = false;   // its turn, for certain
    std::string why = {};     // what it printed about its error, otherwise its exit code
  };

  /// Starts the process for a job that was given its turn. Code::not_found: its directory does not exist any more.
  /// Code::resource_exhausted: no process or descriptor available.
  Status start(const JobRow& given, const JobStart& start);
  /// Calls `note` with each process that has ended. One whose end could not be noted is tried again with the next call.
  Status reap(const std::function<Status(const End&)>& note);
  /// Calls `note` with the place of each process that has taken its turn since.
  void note_taken(const std::vector<JobRow>& running, const std::function<void(const std::string& place)>& note);
  /// Kills the process of a run, if it has one.
  void kill(const std::string& id);
  /// Descriptors that become readable when one of them ends.
  void add_pidfds(std::vector<Fd>& pidfds) const;

 private:
  struct Started {
    JobRow given;
    std::string place;
    pid_t pid = 0;
    Fd err;
    bool is_noted_taken = false;
    std::optional<int> status = {};  // of its end
  };
  std::vector<Started> started_;
};

/// Why processes ended before they took their turns, and when the next one may be started: the pause is doubled with
/// each attempt. Keys are runs or places. What is not noted again is forgotten.
class Troubles {
 public:
  struct Trouble {
    std::string why;
    Deadline retry = Deadline::never();    // until then no attempt is made
    Deadline give_up = Deadline::never();  // `patience` after it was noted first
  };

  explicit Troubles(milliseconds patience) : patience_(patience) {}

  bool empty() const;
  const Trouble* find(const std::string& key) const;
  void note(const std::string& key, std::string why);
  /// An attempt is being made. Does nothing if there is no such trouble.
  void note_attempt(const std::string& key);
  void forget(const std::string& key) { troubles_.erase(key); }

 private:
  struct Kept : Trouble {
    milliseconds pause{0};
    Deadline forgotten = Deadline::never();
  };
  milliseconds patience_;
  std::map<std::string, Kept> troubles_;
};

}  // namespace delegate::jobs
