#include "cli/mcp/call_directory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/config/paths.hpp"
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
// Of many services and programs; each of what is in them may be a project.
constexpr std::array<std::string_view, 3> kOfMany{"/var/lib", "/opt", "/srv"};

// Below a home: keys, sign-ins, browsers, what runs by itself, and delegate's own files.
constexpr auto kSecrets = std::to_array<std::string_view>({".ssh",
                                                           ".gnupg",
                                                           ".pki",
                                                           ".aws",
                                                           ".azure",
                                                           ".kube",
                                                           ".docker",
                                                           ".oci",
                                                           ".terraform.d",
                                                           ".password-store",
                                                           ".mozilla",
                                                           ".thunderbird",
                                                           ".cargo",
                                                           ".m2",
                                                           ".gradle",
                                                           ".npm",
                                                           ".ollama",
                                                           ".qwen",
                                                           ".copilot",
                                                           ".config/1Password",
                                                           ".config/BraveSoftware",
                                                           ".config/Signal",
                                                           ".config/Slack",
                                                           ".config/autostart",
                                                           ".config/chromium",
                                                           ".config/containers",
                                                           ".config/delegate",
                                                           ".config/discord",
                                                           ".config/doctl",
                                                           ".config/gcloud",
                                                           ".config/gh",
                                                           ".config/git",
                                                           ".config/github-copilot",
                                                           ".config/glab-cli",
                                                           ".config/google-chrome",
                                                           ".config/microsoft-edge",
                                                           ".config/op",
                                                           ".config/rclone",
                                                           ".config/sops",
                                                           ".config/systemd",
                                                           ".config/vivaldi",
                                                           ".local/bin",
                                                           ".local/share/gnupg",
                                                           ".local/share/keyrings",
                                                           ".local/share/kwalletd",
                                                           ".local/share/opencode",
                                                           ".local/state/delegate",
                                                           ".cache/mozilla",
                                                           ".cache/google-chrome",
                                                           ".var/app",
                                                           "snap"});
// The same, but agents have worktrees in them.
constexpr std::array<std::string_view, 4> kOfAgents{".claude", ".codex", ".gemini", ".cursor"};
// Variables that move such a directory.
constexpr std::array<const char*, 1> kMovedSecrets{"GNUPGHOME"};
constexpr std::array<const char*, 2> kMovedAgents{"CLAUDE_CONFIG_DIR", "CODEX_HOME"};

constexpr std::size_t kLookedAt = 16;   // homes whose links are followed; a host may have thousands
constexpr std::size_t kListed = 2'000;  // entries of a directory; of a larger one each name is looked up
constexpr int kFirstPerson = 1000;      // of the user ids; below are services, whose homes are system directories
constexpr int kNobody = 65534;
constexpr std::size_t kLargestPasswd = std::size_t{4} << 20;

/// Is `path` this directory, or below it?
bool is_within(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first == directory.end();
}

bool is_below(const fs::path& path, const fs::path& directory) {
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

std::string why_private(const fs::path& path, const std::vector<fs::path>& secrets,
                        const std::vector<fs::path>& agents) {
  constexpr const char* kIs = "may hold secrets or programs";
  constexpr const char* kContains = "contains directories with secrets or programs";
  for (const fs::path& secret : secrets) {
    if (is_within(path, secret)) return kIs;
    if (is_within(secret, path)) return kContains;
  }
  for (const fs::path& agent : agents) {
    if (is_within(path, agent) && !is_below(path, agent / "worktrees")) return kIs;
    if (path != agent && is_within(agent, path)) return kContains;
  }
  return {};
}

template <std::size_t size>
std::vector<fs::path> below(const fs::path& home, const std::array<std::string_view, size>& names) {
  std::vector<fs::path> paths;
  for (const std::string_view name : names) paths.push_back(home / name);
  return paths;
}

/// The directories of a home, each read once: so most of the many names of secrets need no look of their own.
class HomeListing {
 public:
  explicit HomeListing(fs::path home) : home_(std::move(home)) {}

  const fs::path& home() const { return home_; }
  /// False: there is nothing at `name`, or no link leads to it.
  bool may_lead_elsewhere(std::string_view name) {
    fs::path directory = home_;
    for (const std::string_view part : split(name, '/')) {
      const Entries& entries = entries_of(directory);
      if (!entries.are_known) return true;
      const auto found = entries.is_link.find(lower(part));
      if (found == entries.is_link.end()) return false;
      if (found->second) return true;
      directory /= part;
    }
    return false;
  }

 private:
  struct Entries {
    bool are_known = false;                            // people let others enter their home, but not list it
    std::map<std::string, bool, std::less<>> is_link;  // by name in lower case: the file system may ignore the case
  };

  const Entries& entries_of(const fs::path& directory) {
    const auto [at, is_new] = read_.try_emplace(directory);
    if (!is_new) return at->second;
    std::error_code error;
    std::size_t count = 0;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
      if (++count > kListed) return at->second;
      std::error_code unknown;
      bool& is_link = at->second.is_link[lower(entry->path().filename().string())];
      is_link = is_link || entry->is_symlink(unknown) || unknown;
    }
    at->second.are_known = !error;
    return at->second;
  }

  fs::path home_;
  std::map<fs::path, Entries> read_;
};

/// Links may lead elsewhere: ~/.ssh to ~/dotfiles/ssh.
template <std::size_t size>
void add_links(HomeListing& listing, const std::array<std::string_view, size>& names, std::vector<fs::path>& to) {
  for (const std::string_view name : names) {
    if (!listing.may_lead_elsewhere(name)) continue;
    std::error_code missing;  // then nothing is in it
    const fs::path path = listing.home() / name;
    const fs::path real = fs::canonical(path, missing);
    if (!missing && real != path) to.push_back(real);
  }
}

tl::unexpected<Error> refuse(const CallDirectory& directory, const std::string& why,
                             std::string hint = "Set cwd to the directory of the project.") {
  return fail(Code::invalid_argument, directory.where + ": " + one_line(directory.path, 200) + " " + why,
              std::move(hint));
}

bool is_person(std::string_view uid) {
  int number = -1;
  const auto [end, error] = std::from_chars(uid.data(), uid.data() + uid.size(), number);
  return error == std::errc{} && end == uid.data() + uid.size() &&
         (number == 0 || (number >= kFirstPerson && number != kNobody));
}

}  // namespace

std::string why_no_project(const fs::path& directory, const PrivatePlaces& places) {
  if (is_home(directory, places.homes)) return "is a home directory";
  if (directory == "/" || directory == "/home" || directory == "/Users") return "contains home directories";
  for (const fs::path& home : places.homes)
    if (is_within(home, directory)) return "contains home directories";
  const auto holds = [&](std::string_view projects) { return is_below(directory, projects); };
  const bool is_excepted = std::any_of(kProjects.begin(), kProjects.end(), holds);
  for (const std::string_view system : kSystem) {
    if (is_within(directory, system) && !is_excepted) return "is a system directory";
    if (is_within(system, directory)) return "contains system directories";
  }
  if (std::find(kOfMany.begin(), kOfMany.end(), directory.string()) != kOfMany.end()) return "is a system directory";
  std::string why = why_private(directory, places.secrets, places.of_agents);
  const fs::path home = why.empty() ? home_above(directory, places.homes) : fs::path();
  return home.empty() ? why : why_private(directory, below(home, kSecrets), below(home, kOfAgents));
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

PrivatePlaces private_places(const ProcessFacts& process, const StateSettings& state, const std::string& passwd) {
  PrivatePlaces places{.homes = homes_of(process, passwd), .secrets = {}, .of_agents = {}};
  const auto add = [](const fs::path& path, std::vector<fs::path>& to) {
    std::error_code unreadable;  // then the agent's backend cannot read it either
    if (!path.is_absolute()) return;
    const fs::path real = fs::weakly_canonical(path, unreadable);
    if (!unreadable) to.push_back(real);
  };
  for (std::size_t i = 0; i < std::min(places.homes.size(), kLookedAt); ++i) {
    HomeListing listing(places.homes[i]);
    add_links(listing, kSecrets, places.secrets);
    add_links(listing, kOfAgents, places.of_agents);
  }
  for (const std::string& file : {trusted_path(process), user_config_path(process), state_path(process, state)})
    add(fs::path(file).parent_path(), places.secrets);
  for (const char* variable : kMovedSecrets) add(process.variable(variable), places.secrets);
  for (const char* variable : kMovedAgents) add(process.variable(variable), places.of_agents);
  return places;
}

Result<CallDirectory> directory_for(const ProcessFacts& process, const std::string& cwd) {
  CallDirectory named{.where = "cwd", .path = cwd};
  if (!cwd.empty() && !cwd.starts_with('/')) return refuse(named, "is not an absolute path");
  if (cwd.empty()) {
    named = {.where = "CLAUDE_PROJECT_DIR", .path = process.variable("CLAUDE_PROJECT_DIR")};
    if (!named.path.starts_with('/')) named = {.where = "the server's directory", .path = process.cwd};
  }
  if (const std::size_t nul = named.path.find('\0'); nul != std::string::npos)
    return refuse({named.where, named.path.substr(0, nul)}, "contains a NUL byte");
  std::error_code error;
  const fs::path real = fs::canonical(named.path, error);
  if (error) return refuse(named, "cannot be used: " + error.message());
  if (!fs::is_directory(real, error)) return refuse(named, "is not a directory");
  if (valid_utf8(real.string()) != real.string())
    return refuse({named.where, valid_utf8(real.string())}, "has a name that is not UTF-8",
                  named.where == "cwd"
                      ? "Only the user can rename it."
                      : "Set cwd to a directory whose path is UTF-8; only the user can rename this one.");
  return CallDirectory{named.where, real.string()};
}

std::string why_no_project(const ProcessFacts& process, const StateSettings& state, const std::string& path) {
  // A host without this file has its accounts elsewhere; homes below /home are known all the same.
  const std::string passwd = read_file("/etc/passwd", kLargestPasswd).value_or(std::string());
  return why_no_project(fs::path(path), private_places(process, state, passwd));
}

Status check_directory(const ProcessFacts& process, const StateSettings& state, const CallDirectory& directory,
                       Reads reads) {
  if (reads == Reads::nothing) return {};
  const std::string why = why_no_project(process, state, directory.path);
  if (why.empty()) return {};
  return refuse(directory, "is not a project directory: it " + why);
}

}  // namespace delegate::cli::server
