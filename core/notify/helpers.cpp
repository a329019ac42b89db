#include "core/notify/helpers.hpp"

#include <nlohmann/json.hpp>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::size_t kLongestTitle = 120;
constexpr std::size_t kLongestText = 400;

/// JavaScript rather than AppleScript, which cannot read stdin.
constexpr const char* kMacScript =
    "ObjC.import('Foundation');"
    "const bytes = $.NSFileHandle.fileHandleWithStandardInput.readDataToEndOfFile;"
    "const said = JSON.parse($.NSString.alloc.initWithDataEncoding(bytes, $.NSUTF8StringEncoding).js);"
    "const app = Application.currentApplication();"
    "app.includeStandardAdditions = true;"
    "app.displayNotification(said.text, {withTitle: said.title});";

/// A toast needs the id of an application that Windows knows; PowerShell's own exists on every Windows. The script has
/// no double quotes, because the command line of a Windows program is one string in which they would need escaping.
constexpr const char* kWindowsScript =
    "$ErrorActionPreference = 'Stop';"
    "$said = [Console]::In.ReadToEnd() | ConvertFrom-Json;"
    "[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime];"
    "$template = [Windows.UI.Notifications.ToastTemplateType]::ToastText02;"
    "$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($template);"
    "$lines = $xml.GetElementsByTagName('text');"
    "[void]$lines.Item(0).AppendChild($xml.CreateTextNode($said.title));"
    "[void]$lines.Item(1).AppendChild($xml.CreateTextNode($said.text));"
    "$toast = New-Object Windows.UI.Notifications.ToastNotification $xml;"
    "$app = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe';"
    "[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($toast);";

/// ASCII only, so the encoding of the pipe does not matter.
std::string input_json(std::string_view title, std::string_view text) {
  const nlohmann::ordered_json json{{"title", one_line(title, kLongestTitle)}, {"text", one_line(text, kLongestText)}};
  return json.dump(-1, ' ', true) + "\n";
}

bool is_set(const HelperFacts& facts, const char* name) { return !variable_in(facts.environment, name).empty(); }

}  // namespace

System this_system() {
#if defined(__APPLE__)
  return System::macos;
#elif defined(__linux__)
  return System::linux_kernel;
#else
  return System::other;
#endif
}

bool is_wsl(const HelperFacts& facts) {
  if (facts.system != System::linux_kernel) return false;
  // A container on such a machine has the same kernel, but neither the variables nor the Windows programs.
  return (is_set(facts, "WSL_DISTRO_NAME") || is_set(facts, "WSL_INTEROP")) &&
         contains_ignoring_case(facts.kernel_release, "microsoft");
}

std::optional<HelperCall> helper_call(const HelperFacts& facts, std::string_view title, std::string_view text) {
  if (facts.system == System::macos)
    return HelperCall{.names = {"/usr/bin/osascript"},
                      .arguments = {"-l", "JavaScript", "-e", kMacScript},
                      .input = input_json(title, text)};
  if (!is_wsl(facts)) return std::nullopt;
  return HelperCall{.names = {"powershell.exe", "/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"},
                    .arguments = {"-NoProfile", "-NonInteractive", "-Command", kWindowsScript},
                    .input = input_json(title, text)};
}

std::vector<std::string> notifier_places(std::string_view own_executable) {
  const std::size_t slash = own_executable.rfind('/');
  if (slash == std::string_view::npos || own_executable.front() != '/') return {};
  const std::string directory(own_executable.substr(0, slash));
  std::vector<std::string> places{directory + "/delegate-notify"};
  // With any install prefix, "libexec" is next to "bin".
  const std::string prefix = directory.substr(0, directory.rfind('/') == std::string::npos ? 0 : directory.rfind('/'));
  places.push_back(prefix + "/libexec/delegate/delegate-notify");
  return places;
}

}  // namespace delegate::notify::desktop
