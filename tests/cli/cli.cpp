#include "tests/cli/cli.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/text.hpp"
#include "core/os/file.hpp"
#include "core/os/process.hpp"
#include "tests/cli/patience.hpp"

namespace delegate::test {
namespace {

namespace fs = std::filesystem;

/// An address where nothing listens, and no other process can start to.
const std::string& dead_address() {
  static const std::string address = [] {
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // bound, never listening, kept to the end
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    const bool bound = ::bind(taken, reinterpret_cast<const sockaddr*>(&name), size) == 0 &&
                       ::getsockname(taken, reinterpret_cast<sockaddr*>(&name), &size) == 0;
    REQUIRE(bound);
    return "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  }();
  return address;
}

bool is_about_stdin(const std::string& option) {
  static constexpr std::array<std::string_view, 5> kAll{"--echo", "--sha256", "--close-stdin", "--read-stdin", "--"};
  return std::find(kAll.begin(), kAll.end(), option) != kAll.end();
}

/// A TOML basic string is a JSON string.
std::string quoted(const std::string& text) { return Json(text).dump(); }

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

}  // namespace

Cli::Cli() {
  std::string name = (fs::temp_directory_path() / "delegate-cli-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  root_ = name;
  for (const char* directory : {"home/project", "bin", "run"}) fs::create_directories(root_ + "/" + directory);
  directory_ = home("project");
  environment_ = {{"HOME", home()},
                  {"PATH", file("bin")},
                  {"XDG_CONFIG_HOME", home(".config")},
                  {"XDG_STATE_HOME", home(".local/state")},
                  {"XDG_CACHE_HOME", home(".cache")},
                  {"XDG_RUNTIME_DIR", file("run")},
                  {"LANG", "C.UTF-8"},
                  {"OLLAMA_HOST", dead_address()},
                  {"XDG_SANDBOX", root_}};
  for (const char* kept : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "GCOV_PREFIX"})
    if (const char* value = std::getenv(kept)) environment_[kept] = value;
}

Cli::~Cli() {
  const auto none_left = [this] {
    for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
    return processes().empty();
  };
  eventually(none_left);
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

Cli& Cli::config(std::string toml) {
  config_ = std::move(toml);
  return *this;
}

Cli& Cli::backend(const std::string& name, std::vector<std::string> options, std::string toml) {
  if (std::none_of(options.begin(), options.end(), is_about_stdin)) options.insert(options.begin(), "--read-stdin");
  install(name);
  const auto known = std::find_if(backends_.begin(), backends_.end(), [&](const Entry& e) { return e.name == name; });
  if (known == backends_.end()) backends_.push_back({name, std::move(options), std::move(toml)});
  else *known = {name, std::move(options), std::move(toml)};
  return *this;
}

Cli& Cli::counted(const std::string& name, std::vector<std::string> options, std::string toml) {
  options.insert(options.begin(), {"--touch", file(name + ".spawns")});
  return backend(name, std::move(options), std::move(toml));
}

Cli& Cli::router(std::string toml) {
  router_ = std::move(toml);
  return *this;
}

Cli& Cli::install(const std::string& name) {
  std::error_code is_there;
  fs::create_symlink(FAKE_CLI, file("bin/" + name), is_there);
  return *this;
}

Cli& Cli::uninstall(const std::string& name) {
  fs::remove(file("bin/" + name));
  return *this;
}

Cli& Cli::set(const std::string& variable, const std::string& value) {
  environment_[variable] = value;
  return *this;
}

Cli& Cli::unset(const std::string& variable) {
  environment_.erase(variable);
  return *this;
}

Cli& Cli::streams(Streams streams) {
  streams_ = std::move(streams);
  return *this;
}

Cli& Cli::in_directory(std::string directory) {
  directory_ = std::move(directory);
  return *this;
}

Cli& Cli::started_by(std::vector<std::string> launcher) {
  launcher_ = std::move(launcher);
  return *this;
}

std::string Cli::toml() const {
  if (backends_.empty()) return config_;
  std::string out = config_ + "\n[router]\n" + router_ + "\n";
  if (router_.find("order") == std::string::npos) {
    std::string names;
    for (const Entry& entry : backends_) names += (names.empty() ? "" : ", ") + quoted(entry.name);
    out += "order = [" + names + "]\n";
  }
  if (router_.find("local") == std::string::npos) out += "local = \"\"\n";
  for (const Entry& entry : backends_) {
    std::string command = quoted(entry.name);
    for (const std::string& option : entry.options) command += ", " + quoted(option);
    out += "[backends." + entry.name + "]\n" + (entry.toml.starts_with("kind") ? "" : "kind = \"command\"\n") +
           "command = [" + command + "]\n" + entry.toml + "\n";
  }
  return out;
}

Running Cli::start(std::string_view words) { return start(words_of(words)); }

Running Cli::start(const std::vector<std::string>& arguments) {
  // Only when it changed: other processes that start now are reading it.
  if (const std::string text = toml(); !text.empty() && text != read(config_file())) write(config_file(), text);
  std::vector<std::string> argv = launcher_;
  argv.push_back(program());
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment;
  for (const auto& [name, value] : environment_) environment.push_back(name + "=" + value);
  return Running(argv, environment, directory_, streams_);
}

void Cli::write(const std::string& path, std::string_view text) const {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  INFO(path);
  REQUIRE(file.good());
}

std::string Cli::read(const std::string& path) const { return bytes_of(path); }

std::string Cli::sql(const std::string& statements) const {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(state_file().c_str(), &database) == SQLITE_OK);
  sqlite3_busy_timeout(database, 5'000);
  std::string value;
  const auto take = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  CHECK(sqlite3_exec(database, statements.c_str(), take, &value, nullptr) == SQLITE_OK);
  sqlite3_close(database);
  return value;
}

std::vector<std::string> Cli::files_with(std::string_view text) const {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root_))
    if (entry.is_regular_file() && entry.path() != config_file() &&
        bytes_of(entry.path()).find(text) != std::string::npos)
      found.push_back(entry.path().string());
  return found;
}

std::size_t Cli::spawns(const std::string& name) const {
  const std::string text = bytes_of(file(name + ".spawns"));
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<pid_t> Cli::processes() const {
  const std::string mark = "XDG_SANDBOX=" + root_;
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    // Empty for zombies; one that has just ended cannot be read.
    const std::string environment = read_file(entry.path() / "environ").value_or(std::string());
    for (const std::string_view variable : split(environment, '\0'))
      if (variable == mark) found.push_back(std::stoi(name));
  }
  return found;
}

std::vector<pid_t> Cli::processes_of(const std::string& name) const {
  std::vector<pid_t> found = processes();
  const auto is_other = [&](pid_t pid) {
    const auto command = read_file("/proc/" + std::to_string(pid) + "/cmdline");  // none: it has just ended
    return split(command.value_or(std::string()), '\0').front() != file("bin/" + name);
  };
  found.erase(std::remove_if(found.begin(), found.end(), is_other), found.end());
  return found;
}

void Cli::kill_processes() const {
  std::vector<Fd> killed;
  for (const pid_t pid : processes())
    if (Fd process = open_pidfd(pid)) {
      ::kill(pid, SIGKILL);
      killed.push_back(std::move(process));
    }
  const auto has_ended = [](const Fd& process) {
    pollfd one{.fd = process.get(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) == 1;
  };
  REQUIRE(eventually([&] { return std::all_of(killed.begin(), killed.end(), has_ended); }));
  REQUIRE(processes().empty());
}

Json Cli::status() { return run("status --json").expect(0).json(); }

Json Cli::status_of(const std::string& name) {
  Json all = status();
  for (const Json& backend : all["backends"])
    if (backend["name"] == name) return backend;
  FAIL("status knows no " << name);
  return {};
}

std::string Cli::state_of(const std::string& name) { return status_of(name)["breaker"]["state"]; }

int Cli::slots_used(const std::string& name) { return status_of(name)["slots"]["used"]; }

Cli& Cli::trip(const std::string& name, std::vector<std::string> options, std::string toml) {
  backend(name, {"--err", name + " is broken", "--exit", "3"}, toml + "\nbreaker.threshold = 1");
  run({"ask", "-b", name, "hello"}).expect(1);
  REQUIRE(status_of(name)["breaker"]["trips"] == 1);
  return counted(name, std::move(options), std::move(toml));
}

}  // namespace delegate::test
