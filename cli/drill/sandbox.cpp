#include "cli/drill/sandbox.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "backends/registry.hpp"
#include "cli/drill/drill_setup.hpp"
#include "core/base/ids.hpp"
#include "core/base/text.hpp"
#include "core/os/process.hpp"
#include "core/os/random.hpp"

namespace delegate::cli::drill {
namespace {

namespace fs = std::filesystem;

/// Variables that this program may need to start; no others are passed on.
constexpr std::array kKept{"LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",     "TSAN_OPTIONS",
                           "LSAN_OPTIONS",    "GCOV_PREFIX",  "GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE"};

Result<std::string> own_program() {
  std::error_code error;
  const std::string program = fs::read_symlink("/proc/self/exe", error).string();
  if (!error && find_executable(program, "")) return program;
  return fail(Code::not_found, "drill: cannot find the executable of this program: " +
                                   (error ? error.message() : one_line(program) + " no longer exists"));
}

Status write_program(const Path& path, const std::string& script) {
  TRY_STATUS(write_private_file(path, script));
  std::error_code error;
  fs::permissions(path, fs::perms::owner_all, error);
  if (error) return fail(Code::permission_denied, "write " + path.string() + ": " + error.message());
  return {};
}

std::vector<std::string> places(const World& world) {
  std::vector<std::string> out{world.variable("TMPDIR"), "/tmp", world.variable("XDG_RUNTIME_DIR"),
                               world.variable("XDG_CACHE_HOME")};
  if (const std::string home = world.variable("HOME"); !home.empty()) out.push_back(home + "/.cache");
  return out;
}

/// A private directory below `place`, if files in it can be executed. `place` itself must exist.
Result<ScratchDirectory> try_place(const std::string& place) {
  TRY(Directory root, Directory::open(place));
  TRY(ScratchDirectory directory, ScratchDirectory::create(std::move(root)));
  const Path script = directory.path() / "try";
  TRY_STATUS(write_program(script, "#!/bin/sh\n"));
  if (find_executable(script.string(), "")) return directory;
  return fail(Code::permission_denied, place + " is mounted noexec");
}

Result<ScratchDirectory> find_place(const World& world) {
  std::string why;
  for (const std::string& place : places(world)) {
    if (!place.starts_with('/')) continue;
    auto directory = try_place(place);
    if (directory) return directory;
    why += (why.empty() ? "" : "; ") + directory.error().what;
  }
  return fail(Code::unavailable, "drill: no directory for a sandbox: " + one_line(why, 1000),
              "set TMPDIR to a directory that can be written and executed from");
}

}  // namespace

Result<std::unique_ptr<Sandbox>> Sandbox::create(const World& world) {
  TRY(std::string program, own_program());
  TRY(ScratchDirectory directory, find_place(world));
  std::unique_ptr<Sandbox> sandbox(new Sandbox(world, std::move(directory), std::move(program)));
  for (const char* name : {"home", "config/delegate", "state", "cache", "run", "bin", "parts"})
    TRY_STATUS(make_private_directory(sandbox->directory_.path() / name));
  return sandbox;
}

Sandbox::Sandbox(const World& world, ScratchDirectory directory, std::string program)
    : world_(world), directory_(std::move(directory)), program_(std::move(program)) {
  // Below the mark of an outer run, so that stopping that run also stops this drill.
  const std::string outer = world.variable("DELEGATE_RUN_ID");
  mark_ = (outer.empty() ? "" : outer + "/") + "drill-" + make_run_id(world.clock.now().wall, random_bits());
  const std::string root = directory_.path().string();
  environment_ = {"HOME=" + root + "/home",
                  "PATH=" + root + "/bin",
                  "XDG_CONFIG_HOME=" + root + "/config",
                  "XDG_STATE_HOME=" + root + "/state",
                  "XDG_CACHE_HOME=" + root + "/cache",
                  "XDG_RUNTIME_DIR=" + root + "/run",
                  "TMPDIR=" + root + "/run",
                  "LANG=C.UTF-8",
                  "DELEGATE_RUN_ID=" + mark_};
  for (const char* name : kKept)
    if (const std::string value = world.variable(name); !value.empty())
      environment_.push_back(std::string(name) + "=" + value);
}

Sandbox::~Sandbox() {
  server_.reset();
  kill_tagged("DELEGATE_RUN_ID", mark_);
}

Status Sandbox::install(Config config) {
  config_ = std::move(config);
  const auto speaks_http = [](const auto& entry) {
    const Backend* kind = find_backend(entry.second.kind);
    return entry.second.enabled && kind != nullptr && !kind->is_process();
  };
  if (std::any_of(config_.backends.begin(), config_.backends.end(), speaks_http)) TRY_STATUS(start_server());
  for (auto& [name, backend] : config_.backends) TRY_STATUS(give_part(backend));
  return change([](Config&) {});
}

Status Sandbox::give_part(BackendSettings& backend) {
  const Path directory = part(backend.name);
  TRY_STATUS(make_private_directory(directory));
  const std::pair<const char*, std::string> files[] = {{kNameFile, backend.name},
                                                       {kModelFile, backend.model},
                                                       {kAnswerFile, backend.answer},
                                                       {kPromptFile, backend.prompt}};
  for (const auto& [file, content] : files) TRY_STATUS(write_private_file(directory / file, content));
  TRY_STATUS(set_behavior(backend.name, FakeBehavior::healthy));
  const Backend* kind = find_backend(backend.kind);
  if (kind == nullptr || !kind->is_process()) {
    backend.url = server_url_ + "/" + backend.name;
    return {};
  }
  const Path program = directory_.path() / "bin" / backend.name;
  backend.command = {program.string()};
  return write_program(program, "#!/bin/sh\nexec " + shell_quoted(program_) + " stand-in " + backend.kind + " -- " +
                                    shell_quoted(directory.string()) + " \"$@\"\n");
}

Status Sandbox::start_server() {
  TRY_STATUS(write_private_file(directory_.path() / kBehaviorFile, std::string(to_string(FakeBehavior::healthy))));
  ChildSpec spec{.argv = {program_, "stand-in", kServerKind, "--", directory_.path().string()},
                 .env = environment_,
                 .cwd = directory_.path().string()};
  TRY(Spawned server, spawn(spec));
  server_ = std::make_unique<Spawned>(std::move(server));
  TRY(server_url_, first_line_of_server());
  return {};
}

/// Its URL, once it listens.
Result<std::string> Sandbox::first_line_of_server() {
  std::string line;
  const Deadline longest = Deadline::in(kLongestStep);
  while (!line.ends_with('\n')) {
    std::array<pollfd, 2> waited{{{server_->out.get(), POLLIN, 0}, {world_.interrupted.fd(), POLLIN, 0}}};
    ::poll(waited.data(), waited.size(), static_cast<int>(longest.left()->count()));
    if (world_.interrupted.cancelled()) return fail(Code::cancelled, "drill: interrupted");
    char letter = 0;
    const ssize_t count = ::read(server_->out.get(), &letter, 1);
    if (count == 1) line += letter;
    else if (count == 0 || longest.passed() || (errno != EAGAIN && errno != EINTR))
      return fail(Code::unavailable, "drill: the fake server of the local model did not start",
                  "is there a loopback interface?");
  }
  return std::string(trim(line));
}

Called Sandbox::run(const std::vector<std::string>& words) const {
  ChildSpec spec{.argv = {program_}, .env = environment_, .cwd = (directory_.path() / "home").string()};
  spec.argv.insert(spec.argv.end(), words.begin(), words.end());
  spec.clocks.total = Deadline::in(kLongestStep);
  const auto result = run_child(spec, world_.interrupted);
  if (!result) return {.err = result.error().what};
  return {.exit_code = result->exit_code, .out = result->out.text(), .err = result->err.text(), .took = result->took};
}

Status Sandbox::set_behavior(const std::string& backend, FakeBehavior behavior) {
  return write_private_file(part(backend) / kBehaviorFile, std::string(to_string(behavior)));
}

Status Sandbox::release(const std::string& backend) { return write_private_file(part(backend) / kGoFile, "go"); }

int Sandbox::starts(const std::string& backend) const {
  const std::string lines = Part(part(backend)).read(kStartsFile);
  return static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
}

Status Sandbox::change(const std::function<void(Config&)>& change) {
  change(config_);
  return write_private_file(directory_.path() / "config" / "delegate" / "delegate.toml", to_toml(config_));
}

}  // namespace delegate::cli::drill
