#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/drill/fake_behavior.hpp"
#include "cli/world.hpp"
#include "core/config/config.hpp"
#include "core/os/scratch_directory.hpp"
#include "core/os/spawn.hpp"

namespace delegate::cli::drill {

/// The result of one `delegate …` of the drill.
struct Called {
  int exit_code = -1;
  std::string out;
  std::string err;
  milliseconds took{0};
};

/// An isolated environment: HOME, configuration, state and PATH in a private directory, fake backends in place of the
/// CLIs, and one server on loopback in place of all servers. All processes start with an environment built from
/// nothing. The destructor ends the processes and removes the files.
class Sandbox {
 public:
  /// In the first directory from which programs can be executed. The error gives the reason for each directory.
  static Result<std::unique_ptr<Sandbox>> create(const World& world);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  /// Creates a healthy fake for every backend of `config`, and starts the server if one of them needs it.
  Status install(Config config);

  /// Runs this program as a real process and waits for its end. May be called from several threads.
  Called run(const std::vector<std::string>& words) const;

  Status set_behavior(const std::string& backend, FakeBehavior behavior);
  /// Lets waiting calls of this backend go on.
  Status release(const std::string& backend);
  /// How many calls have reached its fake so far.
  int starts(const std::string& backend) const;
  /// Changes the configuration for all later calls.
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
  std::string program_;  // the executable of this process
  std::string mark_;     // DELEGATE_RUN_ID of all processes in the sandbox
  std::vector<std::string> environment_;
  Config config_;
  std::unique_ptr<Spawned> server_;
  std::string server_url_;
};

}  // namespace delegate::cli::drill
