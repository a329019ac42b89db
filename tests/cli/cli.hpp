#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cli/running.hpp"

namespace delegate::test {

/// Runs the program in a sandbox: its own HOME, XDG directories, a PATH with only what the test installs, and nothing
/// of the caller's environment. Nothing listens on Ollama's port. Settings apply to all later calls, and all calls
/// share one home, as a user's shells do. The destructor kills what still runs.
class Cli {
 public:
  Cli();
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;
  ~Cli();

  /// TOML for the user's file, before what the other calls add.
  Cli& config(std::string toml);
  /// A backend of kind "command": fake_cli under this name. It reads its prompt to the end first, unless its options do
  /// something with stdin. A second call with the same name replaces it. TOML that begins with `kind` makes it a
  /// backend of that kind; its options then end in "--".
  Cli& backend(const std::string& name, std::vector<std::string> options, std::string toml = {});
  Cli& answers(const std::string& name) { return backend(name, {"--say", name + " says hi"}); }
  Cli& fails(const std::string& name) { return backend(name, {"--err", name + " is broken", "--exit", "3"}); }
  /// Its spawns can be counted with spawns(name).
  Cli& counted(const std::string& name, std::vector<std::string> options, std::string toml = {});
  /// More keys for [router]. Without `order` among them, auto takes the backends in the order they were given.
  Cli& router(std::string toml);
  /// Makes a name appear on PATH (backend() does it itself), or disappear.
  Cli& install(const std::string& name);
  Cli& uninstall(const std::string& name);

  Cli& set(const std::string& variable, const std::string& value);
  Cli& unset(const std::string& variable);
  Cli& streams(Streams streams);
  Cli& input(std::string text) { return streams({.in = Streams::In::given, .input = std::move(text)}); }
  Cli& in_directory(std::string directory);
  /// From now on started by this command, which begins with an absolute path; empty: started directly.
  Cli& started_by(std::vector<std::string> launcher);

  /// Words are separated by spaces.
  Finished run(std::string_view words) { return start(words).finish(); }
  Finished run(const std::vector<std::string>& arguments) { return start(arguments).finish(); }
  Running start(std::string_view words);
  Running start(const std::vector<std::string>& arguments);

  /// A path in the sandbox, outside HOME.
  std::string file(const std::string& name) const { return root_ + "/" + name; }
  std::string home(const std::string& name = {}) const { return root_ + "/home" + (name.empty() ? "" : "/" + name); }
  std::string state_file() const { return home(".local/state/delegate/state.db"); }
  std::string config_file() const { return home(".config/delegate/delegate.toml"); }
  void write(const std::string& path, std::string_view text) const;  // with its directories
  std::string read(const std::string& path) const;
  /// Files of the sandbox, the user's configuration apart, that contain this text.
  std::vector<std::string> files_with(std::string_view text) const;

  /// Runs SQL on the state file, without the program. Returns the first value of the last row.
  std::string sql(const std::string& statements) const;

  std::size_t spawns(const std::string& name) const;
  /// Processes of the sandbox that still run.
  std::vector<pid_t> processes() const;
  /// … that are the fake CLI under this name.
  std::vector<pid_t> processes_of(const std::string& name) const;
  /// Kills them all, and returns when the kernel has ended each of them.
  void kill_processes() const;

  Json status();
  /// One backend of `status --json`.
  Json status_of(const std::string& name);
  std::string state_of(const std::string& name);
  int slots_used(const std::string& name);
  /// Opens its breaker with failing calls, then gives it these options.
  Cli& trip(const std::string& name, std::vector<std::string> options, std::string toml = {});

 private:
  struct Entry {
    std::string name;
    std::vector<std::string> options;
    std::string toml;
  };
  std::string toml() const;

  std::string root_;
  std::string config_;
  std::string router_;
  std::vector<Entry> backends_;
  std::map<std::string, std::string> environment_;
  Streams streams_;
  std::string directory_;
  std::vector<std::string> launcher_;
};

}  // namespace delegate::test
