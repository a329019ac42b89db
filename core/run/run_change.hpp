#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/changes/change.hpp"
#include "core/run/ask.hpp"
#include "core/run/change_recovery.hpp"
#include "core/run/writers.hpp"

// What one run changes in a work tree of git: recorded around its calls, so that people see it and can take it back; or
// made in a copy, and applied when there is an answer.
namespace delegate {

class RunChange {
 public:
  /// Looks for the work tree of the request's directory, which is absolute.
  RunChange(const Engine& engine, const Request& request, const CancelToken& cancel);
  RunChange(const RunChange&) = delete;
  RunChange& operator=(const RunChange&) = delete;
  ~RunChange() = default;  // what has begun and not ended stays as after a kill

  /// What no other run may write in meanwhile: the whole work tree, or only the directory.
  const std::string& place() const { return place_; }

  /// Takes a snapshot, and makes the copy of an isolated run. For who has the place to itself. After an error nothing
  /// is left.
  Status begin(const std::string& run_id, Deadline deadline);
  /// Forgets what has begun: nothing was changed.
  void discard();
  /// Where the calls work.
  std::string directory() const;
  /// What is different in the copy, for the person.
  std::vector<std::string> remarks() const;
  /// Is this file, named as by a call that works in the copy, not in it?
  bool is_outside(const std::string& name) const;
  /// A clean copy for the next call.
  Status renew(Deadline deadline);
  /// The names of what has changed since, relative to the request's directory; nothing: that is unknown.
  std::optional<std::vector<std::string>> so_far();

  /// Keeps what has changed, and applies the change of an isolated run that has an answer; `acquire` takes the place
  /// for that. Done also after a cancel.
  ChangeReport finish(const RunResult& result, const std::function<WriterAdmission()>& acquire);

 private:
  Status look();
  Status make_directory() const;
  ChangeReport report_on(const KeptChange& kept, const Patience& patience) const;
  void add_copies(ChangeReport& report) const;
  void apply(KeptChange& kept, const std::function<WriterAdmission()>& acquire, ChangeReport& report) const;
  ChangeReport left(ChangeReport report, const std::string& why);
  std::string shown(const std::string& path) const;

  const Engine& engine_;
  const CancelToken& cancel_;
  std::string directory_;
  std::optional<Isolation> isolation_;
  std::string place_;
  GitProgram git_;
  std::optional<Repository> repository_;
  Status found_;  // why there can be no snapshot
  std::optional<OpenChange> open_;
};

}  // namespace delegate
