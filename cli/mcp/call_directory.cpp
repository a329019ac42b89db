#include "cli/mcp/call_directory.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.hpp"
#include "core/os/file.hpp"

namespace delegate::cli::server {
namespace {

namespace fs = std::filesystem;

// Of the system: settings with secrets, devices, programs, logs and the data of services.
constexpr std::array<std::string_view, 20> kSystem{"/etc",         "/proc",      "/sys",     "/dev",        "/boot",
                                                   "/usr",         "/bin",       "/sbin",    "/lib",        "/lib32",
                                                   "/lib64",       "/run",       "/var/log", "/var/spool",  "/var/mail",
                                                   "/var/backups", "/var/cache", "/nix",     "/lost+found", "/efi"};
// Below these are projects nevertheless.
constexpr std::array<std::string_view, 4> kProjects{"/usr/src", "/usr/local/src", "/run/media", "/dev/shm"};

// Below a home: keys, sign-ins, browsers, and delegate's own files.
constexpr std::array<std::string_view, 27> kSecrets{".ssh",
                                                    ".gnupg",
                                                    ".pki",
                                                    ".aws",
                                                    ".azure",
                                                    ".kube",
                                                    ".docker",
                                                    ".password-store",
                                                    ".mozilla",
                                                    ".thunderbird",
                                                    ".config/gcloud",
                                                    ".config/gh",
                                                    ".config/op",
                                                    ".config/rclone",
                                                    ".config/sops",
                                                    ".config/google-chrome",
                                                    ".config/chromium",
                                                    ".config/BraveSoftware",
                                                    ".config/Signal",
                                                    ".config/delegate",
                                                    ".local/share/keyrings",
                                                    ".local/state/delegate",
                                                    ".local/share/kwalletd",
                                                    ".cache/mozilla",
                                                    ".cache/google-chrome",
                                                    ".var/app",
                                                    "snap"};
// The same, but what is below them may be a project: some agents have their worktrees there.
constexpr std::array<std::string_view, 7> kSettings{".claude", ".codex", ".gemini", ".cursor",
                                                    ".ollama", ".cache", ".config"};

constexpr int kFirstPerson = 1000;  // of the user ids; below are services, whose homes are system directories
constexpr int kNobody = 65534;
constexpr std::size_t kLargestPasswd = std::size_t{4} << 20;

/// Is `path` this directory, or below it?
bool is_within(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first == directory.end();
}

bool is_below(const fs::path& path, std::string_view directory) {
  return path != directory && is_within(path, directory);
}

/// People whose accounts are elsewhere than in /etc/passwd have their homes here, too.
bool is_home(const fs::path& path, const std::vector<fs::path>& homes) {
  const fs::path parent = path.parent_path();
  return path == "/root" || (path != parent && (parent == "/home" || parent == "/Users")) ||
         std::find(homes.begin(), homes.end(), path) != homes.end();
}

/// The home that the path is in.
fs::path home_above(const fs::path& path, const std::vector<fs::path>& homes) {
  for (fs::path at = path; at != at.parent_path(); at = at.parent_path())
    if (is_home(at, homes)) return at;
  return {};
}

std::string why_private(const fs::path& path, const fs::path& home) {
  for (const std::string_view secret : kSecrets) {
    if (is_within(path, home / secret)) return "may hold secrets";
    if (is_within(home / secret, path)) return "has directories with secrets in it";
  }
  for (const std::string_view settings : kSettings)
    if (path == home / settings) return "may hold secrets";
  return {};
}

bool is_person(std::string_view uid) {
  int number = -1;
  const auto [end, error] = std::from_chars(uid.data(), uid.data() + uid.size(), number);
  return error == std::errc{} && end == uid.data() + uid.size() &&
         (number == 0 || (number >= kFirstPerson && number != kNobody));
}

}  // namespace

std::string why_no_project(const fs::path& directory, const std::vector<fs::path>& homes) {
  if (is_home(directory, homes)) return "is a home directory";
  if (directory == "/" || directory == "/home" || directory == "/Users") return "has home directories in it";
  for (const fs::path& home : homes)
    if (is_within(home, directory)) return "has home directories in it";
  const auto holds = [&](std::string_view projects) { return is_below(directory, projects); };
  const bool is_excepted = std::any_of(kProjects.begin(), kProjects.end(), holds);
  for (const std::string_view system : kSystem) {
    if (is_within(directory, system) && !is_excepted) return "is a system directory";
    if (is_within(system, directory)) return "has system directories in it";
  }
  const fs::path home = home_above(directory, homes);
  return home.empty() ? std::string() : why_private(directory, home);
}

std::vector<fs::path> homes_of(const ProcessFacts& process, const std::string& passwd) {
  std::vector<fs::path> homes;
  const auto add = [&](const fs::path& home) {
    std::error_code missing;  // then nothing is in it
    const fs::path real = fs::canonical(home, missing);
    if (!missing && real != "/") homes.push_back(real);
  };
  if (const std::string own = process.variable("HOME"); !own.empty()) add(own);
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() > 5 && is_person(fields[2]) && fields[5].starts_with('/')) add(fields[5]);
  }
  return homes;
}

Result<std::string> directory_for(const ProcessFacts& process, const std::string& cwd) {
  const auto refuse = [](const std::string& where, const std::string& text, const std::string& why) {
    return fail(Code::invalid_argument, where + ": " + one_line(text, 200) + " " + why,
                "set cwd to the directory that the agent may read");
  };
  std::string where = "cwd";
  std::string text = cwd;
  if (!cwd.empty() && !cwd.starts_with('/')) return refuse(where, cwd, "is not an absolute path");
  if (cwd.empty()) {
    where = "CLAUDE_PROJECT_DIR";
    text = process.variable(where);
    if (!text.starts_with('/')) where = "the server's directory", text = process.cwd;
  }
  if (text.find('\0') != std::string::npos)
    return refuse(where, text.substr(0, text.find('\0')), "has a NUL byte in it");
  std::error_code error;
  const fs::path real = fs::canonical(text, error);
  if (error) return refuse(where, text, "cannot be used: " + error.message());
  if (!fs::is_directory(real, error)) return refuse(where, text, "is not a directory");
  return real.string();
}

Status check_directory(const ProcessFacts& process, const std::string& directory, Reads reads) {
  if (reads == Reads::nothing) return {};
  // A host without this file has its accounts elsewhere; homes below /home are known all the same.
  const std::string passwd = read_file("/etc/passwd", kLargestPasswd).value_or(std::string());
  const std::string why = why_no_project(directory, homes_of(process, passwd));
  if (why.empty()) return {};
  return fail(Code::invalid_argument, "cwd: " + one_line(directory, 200) + " is not a project directory: it " + why,
              "set cwd to the directory that the agent may read");
}

}  // namespace delegate::cli::server
