#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "cli/background/carry.hpp"
#include "cli/background/parked.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/json.hpp"
#include "cli/render.hpp"
#include "core/os/errno_code.hpp"
#include "core/os/fd.hpp"

namespace delegate::cli {
namespace {

/// What it was to ask is gone, or of another version: its end says so, and the queue goes on.
Status give_up(const Host& host, const JobRow& row, const Error& why) {
  const milliseconds now = host.engine().clock.now().wall;
  return host.store()->jobs()->finish({.id = row.id,
                                       .ended_at = now,
                                       .result = to_json(why, "internal"),
                                       .remarks = "delegate: " + why.what + "\n",
                                       .exit_code = kInternal},
                                      now - host.engine().config.background.keep);
}

Status run_one(const World& world, const Host& host, const JobRow& row) {
  auto request = unpark(host, row.id);
  if (!request) return give_up(host, row, request.error());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("worker: pipe", errno);
  const Fd held(ends[0]);
  const Fd holder(ends[1]);
  static_cast<void>(!::write(holder.get(), &Leash::kLetGo, 1));
  Leash leash(held.get());
  leash.look();
  const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  World there = world;
  there.out = nowhere.get();
  carry(there, host, *request, host.store()->jobs(), leash);
  return {};
}

/// Which ones it ran.
Result<std::vector<std::string>> drain(const World& world, const Host& host, const Output& output) {
  const Engine& engine = host.engine();
  Jobs* jobs = host.store() == nullptr ? nullptr : host.store()->jobs();
  if (jobs == nullptr) return fail(Code::unavailable, "worker: there is no store: " + engine.breakers.trouble());
  const auto gone = [&](const ProcessId& owner) { return engine.breakers.is_dead(owner); };
  for (std::vector<std::string> runs;;) {
    if (world.interrupted.cancelled()) return runs;
    TRY(const auto row, jobs->adopt(engine.breakers.self(), gone));
    if (!row) return runs;
    runs.push_back(row->id);
    output.note("delegate: run " + row->id);
    TRY_STATUS(run_one(world, host, *row));
  }
}

}  // namespace

int run_worker(const World& world, const Config& config, const WorkerCommand& command) {
  const Output output(world);
  const Host host(world, config);
  const auto runs = drain(world, host, output);
  if (!runs) {
    output.failure(runs.error(), "internal");
    return kInternal;
  }
  if (runs->empty()) output.note("delegate: nothing was left behind");
  if (world.signal != 0) return 128 + world.signal;
  return command.json ? output.answer(dump({{"schema", "delegate.worker/1"}, {"runs", *runs}}) + "\n") : kAnswered;
}

}  // namespace delegate::cli
