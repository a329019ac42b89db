#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/helpers/lab_world.hpp"

namespace delegate::lab {

/// One breaker from its `begin` to the next: takes lines, gives answers. Time and identity come from the lines alone.
class Bench {
 public:
  Bench(StoreKind store, const Config& config) : config_(config), clock_(config.clock), stores_(store, clock_) {}

  /// The answer to one line. An error changes nothing, not even the time.
  Result<Json> answer(const Json& line);

 private:
  struct Call {
    std::string process;
    Ticket ticket;
    bool live = false;  // its report may still come
  };
  /// What every answer contains.
  struct After {
    BreakerView view;
    std::optional<BreakerState> entered;
    bool notified = false;
  };
  using Step = std::function<void(Breaker&, const HostTime& now, After&)>;
  using Handler = Result<Json> (Bench::*)(const Json& line);
  static const std::map<std::string, Handler>& handlers();

  Result<Json> try_acquire(const Json& line);
  Result<Json> report(const Json& line);
  Result<Json> answered_elsewhere(const Json& line);
  Result<Json> read(const Json& line);
  Result<Json> by_hand(const Json& line);
  Result<Json> crash(const Json& line);
  Result<Json> reboot(const Json& line);
  Result<Json> jump(const Json& line);
  Result<Json> set_config(const Json& line);
  Result<Json> store(const Json& line);

  /// One atomic update by this process; nothing when the store is down.
  Result<std::optional<After>> step(const std::string& process, const Step& what);
  Result<Json> current();

  Config config_;
  LabClock clock_;
  Processes processes_;
  Stores stores_;
  bool down_ = false;
  std::map<std::string, Call> calls_;
  std::int64_t permits_ = 0;
};

}  // namespace delegate::lab
