#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/drill/mood.hpp"
#include "cli/world.hpp"
#include "core/config/config.hpp"
#include "core/os/scratch_directory.hpp"
#include "core/os/spawn.hpp"

namespace delegate::cli::drill {

/// How one `delegate …` of the drill ended.
struct Called {
  int exit_code = -1;
  std::string out;
  std::string err;
  milliseconds took{0};
};

/// A world of its own: HOME, configuration, state and PATH in a private directory, stand-ins in place of the CLIs, and
/// one server on loopback in place of all others. Everything in it is started with an environment built from nothing.
/// When it goes, its processes and files are gone.
class Sandbox {
 public:
  /// In the first place on this machine where programs may be started from. Fails with the reason for each place.
  static Result<std::unique_ptr<Sandbox>> create(const World& world);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  /// Gives every backend of `config` its stand-in, all of them well, and starts the server if there is a use for it.
  Status furnish(Config config);

  /// One real process of this program; blocks until its end. May be called from several threads.
  Called run(const std::vector<std::string>& words) const;

  Status become(const std::string& backend, Mood mood);
  /// Of those who wait.
  Status let_go(const std::string& backend);
  /// How many calls have reached its stand-in so far.
  int starts(const std::string& backend) const;
  /// Changes the configuration for all calls from now on.
  Status change(const std::function<void(Config&)>& change);
  const Config& config() const { return config_; }

 private:
  Sandbox(const World& world, ScratchDirectory directory, std::string program);
  Status give_part(BackendSettings& backend);
  Status start_server();
  Result<std::string> first_line_of_server();
  Path part(const std::string& backend) const { return directory_.path() / "parts" / backend; }

  const World& world_;
  ScratchDirectory directory_;
  std::string program_;  // of this very process
  std::string mark_;     // DELEGATE_RUN_ID of all that runs here
  std::vector<std::string> environment_;
  Config config_;
  std::unique_ptr<Spawned> server_;
  std::string server_url_;
};

}  // namespace delegate::cli::drill
