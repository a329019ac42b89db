#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Where the desktop belongs to another system, a program of that system shows the notification.
namespace delegate::notify::desktop {

enum class System { linux_kernel, macos, other };
System this_system();

struct HelperFacts {
  System system = System::other;
  std::map<std::string, std::string> environment;
  std::string kernel_release;  // /proc/sys/kernel/osrelease
};

/// How to call it. The words to show are on its stdin alone: arguments can be read by every user of the machine, and
/// a script into which they are put is a script that they can change.
struct HelperCall {
  std::vector<std::string> names;      // of the program, best first: to be looked up on PATH, or absolute
  std::vector<std::string> arguments;  // without the program itself
  std::string input;
};

/// Nothing where the desktop is this system's own, or none.
std::optional<HelperCall> helper_call(const HelperFacts& facts, std::string_view title, std::string_view text);

/// Windows' Linux, as far as Windows' programs can be called from it.
bool is_wsl(const HelperFacts& facts);

/// Where delegate-notify may be, best first, for the program that is at this absolute path: beside it in a build's
/// tree, below libexec where it is installed.
std::vector<std::string> notifier_places(std::string_view own_executable);

}  // namespace delegate::notify::desktop
