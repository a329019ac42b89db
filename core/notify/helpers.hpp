#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Where the desktop belongs to another system (macOS, Windows around WSL), a program of that system shows the
// notification.
namespace delegate::notify::desktop {

enum class System { linux_kernel, macos, other };
System this_system();

struct HelperFacts {
  System system = System::other;
  std::map<std::string, std::string> environment;
  std::string kernel_release;  // /proc/sys/kernel/osrelease
};

/// How to call it. The text to show is passed on stdin only: every user of the machine can read arguments, and text
/// inserted into a script could change the script.
struct HelperCall {
  std::vector<std::string> names;      // of the program, best first: to be looked up on PATH, or absolute
  std::vector<std::string> arguments;  // without the program itself
  std::string input;
};

/// Nothing if the desktop is this system's own, or if there is none.
std::optional<HelperCall> helper_call(const HelperFacts& facts, std::string_view title, std::string_view text);

/// Runs under WSL, and Windows programs can be called.
bool is_wsl(const HelperFacts& facts);

/// Where delegate-notify may be, best first, for the program at this absolute path: beside it in a build tree, below
/// libexec when installed.
std::vector<std::string> notifier_places(std::string_view own_executable);

}  // namespace delegate::notify::desktop
