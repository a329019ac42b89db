#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/run/breakers.hpp"
#include "core/run/engine.hpp"
#include "core/state/store.hpp"

// No two runs of this host write in the same directory at the same time, nor one of them in a directory of the other's.
// Those that wait for that get it in the order in which they came.
namespace delegate {

/// A place in the line of a process that was stopped prevents others no longer than that. Each look renews it.
inline constexpr milliseconds kWriterPlaceLease{60'000};

struct WriterRequest {
  std::string directory;       // absolute; symbolic links are resolved here
  std::string run_id;          // for those who are kept out
  std::string tag;             // run_tag() of the run; a run inside another one may write where that one does
  milliseconds lease{0};       // longer than the run can take, from now
  bool needs_store = false;    // a store that cannot be used refuses it, instead of letting it write unguarded
  std::string place = {};      // in the line, see Writers::acquire(); empty: it does not wait
  bool in_background = false;  // needs a place among the background runs as well
  bool stands_aside = false;   // waits for that one just now: meanwhile only others in the background wait for it
};

/// The right of a run to write in a directory and in all below it. Released when destroyed. If the process is killed
/// before, it is free when all that the run has started has ended.
class WriterLease {
 public:
  WriterLease(WriterLease&& other) noexcept;
  WriterLease& operator=(WriterLease&&) = delete;
  ~WriterLease();

  /// Why another run may write here all the same, for the person; empty: none can.
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
    directory_in_use,  // another run writes there, or comes first: see holder
    state_locked,      // other processes keep the store locked
    state_unusable,    // only with needs_store
  };
  Reason reason = Reason::directory_in_use;
  std::string message;  // "run 20261130… of pid 4711 has been writing in /x/y for 12 s"
  std::string hint;
  std::optional<WriterRow> holder = {};
  int ahead = 0;  // runs in the line that come first
};
/// Stored and printed by name: names never change.
std::string_view to_string(WriterRefusal::Reason reason);

/// The git work tree that the directory belongs to, by the nearest `.git` around it; otherwise the directory.
std::string work_tree_of(const std::string& directory);

/// The run that writes in this directory, or in another one with the same files, and inside which the process with this
/// mark is (its DELEGATE_RUN_ID). Runs that it submits wait for its end.
std::optional<WriterRow> outer_writer(const WritersState& state, const std::string& mark, const std::string& directory);

using WriterAdmission = std::variant<WriterLease, WriterRefusal>;

/// The runs of this host that write, over the shared store. Safe to use from several threads; holds no state of its
/// own. As with breakers, a store that cannot be used does not prevent a run from writing, unless it needs the store,
/// but one that other processes keep locked does: one of them may be taking the same directory. One that ends with its
/// process keeps out the runs of that process only.
class Writers {
 public:
  /// `store` may be null: see Breakers::closed_because. Both must outlive this object; the store also its leases.
  Writers(StateStore* store, Breakers& breakers) : store_(store), breakers_(breakers) {}

  /// Takes the directory in one atomic step over all processes, or says what prevents it: a run that writes, or one
  /// that has waited longer. A run inside another one comes before all that are not, because they may wait for the
  /// outer one. If it is refused and has a `place` (Breakers::new_place()), it gets the last one in the line, or keeps
  /// its own. That ends with the admission, leave_line(), the end of the process or a reboot; until it is renewed after
  /// kWriterPlaceLease, others come first. Waits up to half a second for a locked store, not for other runs.
  WriterAdmission acquire(const WriterRequest& wanted);
  /// What prevents the run with this place, which is kept; nothing: its turn has come, and it may acquire.
  std::optional<WriterRefusal> line_up(const WriterRequest& wanted);
  void leave_line(const std::string& place);

 private:
  enum class Aim { take, look };
  struct Decision {
    std::optional<WriterRefusal> refusal;
    std::string token;  // of what was stored, with Aim::take
    std::string unguarded_because;
  };
  Decision decide(const WriterRequest& wanted, Aim aim);

  StateStore* store_;
  Breakers& breakers_;
};

/// Takes the directory for a moment, in the order of those who wait, or says after `patience` what prevents it.
/// `on_wait` is called before each wait, and says when to call it next.
WriterAdmission wait_in_line(const Engine& engine, WriterRequest wanted, milliseconds patience,
                             const CancelToken& cancel,
                             const std::function<Deadline(const WriterRefusal&)>& on_wait = {});

}  // namespace delegate
