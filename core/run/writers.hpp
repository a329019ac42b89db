#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/run/breakers.hpp"
#include "core/state/store.hpp"

// No two runs of this host write in the same directory at the same time, nor one of them in a directory of the other's.
namespace delegate {

struct WriterRequest {
  std::string directory;     // absolute; symbolic links are resolved here
  std::string run_id;        // for those who are kept out
  std::string tag;           // run_tag() of the run; a run inside another one may write where that one does
  milliseconds lease{0};     // longer than the run can take, from now
  bool needs_store = false;  // a store that cannot be used refuses it, instead of letting it write unguarded
};

/// The right of a run to write in a directory and in all below it. Released when destroyed. If the process is killed
/// before, it is free when all that the run has started has ended.
class WriterLease {
 public:
  WriterLease(WriterLease&& other) noexcept;
  WriterLease& operator=(WriterLease&&) = delete;
  ~WriterLease();

  /// Why no other run is kept out, for the person; empty: none can write here.
  const std::string& unguarded_because() const { return unguarded_because_; }

 private:
  friend class Writers;
  WriterLease(StateStore* store, std::string token, std::string unguarded_because);
  StateStore* store_;  // null: released, or unguarded
  std::string token_;
  std::string unguarded_because_;
};

struct WriterRefusal {
  enum class Reason {
    directory_in_use,  // another run writes there: see holder
    state_locked,      // other processes keep the store locked
    state_unusable,    // only with needs_store
  };
  Reason reason = Reason::directory_in_use;
  std::string message;  // "run 20261130… of pid 4711 has been writing in /x/y for 12 s"
  std::string hint;
  std::optional<WriterRow> holder = {};
};
/// Stored and printed by name: names never change.
std::string_view to_string(WriterRefusal::Reason reason);

/// The git work tree that the directory belongs to, by the nearest `.git` around it; otherwise the directory.
std::string work_tree_of(const std::string& directory);

using WriterAdmission = std::variant<WriterLease, WriterRefusal>;

/// The runs of this host that write, over the shared store. Safe to use from several threads; holds no state of its
/// own. As with breakers, a store that cannot be used does not prevent a run from writing, unless it needs the store,
/// but one that other processes keep locked does: one of them may be taking the same directory.
class Writers {
 public:
  /// `store` may be null: see Breakers::closed_because. Both must outlive this object; the store also its leases.
  Writers(StateStore* store, Breakers& breakers) : store_(store), breakers_(breakers) {}

  /// Takes the directory in one atomic step over all processes, or says what prevents it. Waits up to half a second for
  /// a locked store, not for other runs.
  WriterAdmission acquire(const WriterRequest& wanted);

 private:
  StateStore* store_;
  Breakers& breakers_;
};

}  // namespace delegate
