#include <algorithm>
#include <array>

#include "core/canary/invariant.hpp"

namespace delegate::canary {
namespace {

using enum NotificationSeverity;

constexpr std::array kInvariants{
    Invariant{
        "S-01", "slots and processes do not match",
        "Every slot in use has a CLI, and every CLI of a run that goes on has a slot.",
        "see `delegate status`; let the process that is named go on (`kill -CONT`) or stop it: its slot is then free",
        critical, check_slots_have_processes},
    Invariant{"S-02", "more is running than allowed",
              "No backend has more slots in use than its max_parallel, and no more background runs run than "
              "background.max_parallel.",
              "let the runs end; if nothing was changed in the configuration, report it", critical, check_caps},
    Invariant{"S-03", "a lease is over, and its process goes on",
              "No slot, probe, dispatcher or directory to write in is held beyond its time by a process that lives.",
              "is that process stopped or hung? Let it go on, or stop it", critical, check_leases},
    Invariant{"E-01", "a run is recorded as running without its process",
              "Every background run that has its turn has a process, or gets one within a minute.",
              "`delegate worker` marks it as killed or starts it again", warning, check_running_jobs},
    Invariant{"E-02", "a run that had ended goes on", "The end of a run is final.",
              "`delegate cancel` it; report it, with `delegate canary show E-02`", critical, check_ends_are_final},
    Invariant{"E-03", "a queued run and its request do not match",
              "Every queued run has its request, and no request stays when its run has started.",
              "`delegate cancel` a run that is queued without its request, and submit it again; report it", critical,
              check_requests},
    Invariant{"E-05", "a run does not end", "Every run ends within its time.",
              "`delegate cancel` it, or stop its process", warning, check_run_times},
    Invariant{"E-06", "processes are left without a run",
              "No process that a run has started outlives a run that was killed, and none of delegate's own is left "
              "unreaped.",
              "stop the processes that are named", warning, check_processes_have_runs},
    Invariant{
        "L-03", "something grows beyond its bound",
        "History, notifications, the log of the state and delegate's own directories have a "
        "bound.",
        "`delegate config path` names the directory of the state; old files in set-aside and state.db.damaged-* may go",
        warning, check_bounds},
    Invariant{"B-01", "a breaker is in an impossible state",
              "Every stored breaker is in a legal state, and open for no longer than is configured.",
              "`delegate breaker reset` the backend, or `delegate guard reset` the guard", critical,
              check_breaker_states},
    Invariant{"B-02", "a probe blocks its backend", "No call is refused for a probe whose lease is over.",
              "`delegate breaker reset` the backend", critical, check_probes},
    Invariant{"R-01", "a run was overtaken", "Runs of one line start in the order of their submission.",
              "nothing is lost; report it", warning, check_queue_order},
    Invariant{
        "R-02", "the queue does not move",
        "Queued runs have a process that starts them, and none waits for more than a minute while a backend and a "
        "place are free.",
        "`delegate worker` starts what waits, and prints what prevents it", critical, check_queue_moves},
    Invariant{"G-01", "a side job is paused for too long", "No guard is open for longer than guards.reset_after.",
              "`delegate guard reset` it", warning, check_guards},
    Invariant{"G-04", "a notification is not delivered",
              "No notification of a trip or a recovery is owed for more than a minute.",
              "`delegate notifications` has it; `delegate notifications test` shows what is wrong", warning,
              check_notifications},
    Invariant{"H-01", "the clocks of this host disagree",
              "The clock since the boot never goes back, and nothing is dated in the future.",
              "set the clock; records from the future are right again when that time has come", warning, check_clocks},
    Invariant{"C-01", "the worker uses an old configuration",
              "The worker was started after the last change of its configuration file.",
              "restart its service, or stop it: the next `delegate submit` starts a new one", warning,
              check_worker_configuration},
    Invariant{"C-02", "the state files are not safe or not usable",
              "The state's files belong to you, are closed to others, and can be read and written.",
              "chmod 600 a file that is open to others; otherwise see `delegate doctor`", critical, check_state_files},
};

}  // namespace

std::span<const Invariant> invariants() { return kInvariants; }

const Invariant* invariant(std::string_view id) {
  const auto found =
      std::find_if(kInvariants.begin(), kInvariants.end(), [&](const Invariant& one) { return one.id == id; });
  return found == kInvariants.end() ? nullptr : &*found;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::held: return "held";
    case Verdict::violated: return "violated";
    case Verdict::skipped: return "skipped";
    case Verdict::error: return "error";
  }
  return "";
}

}  // namespace delegate::canary
