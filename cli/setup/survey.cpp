#include "cli/setup/survey.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/setup/plan.hpp"
#include "cli/setup/records.hpp"
#include "cli/setup/settings_file.hpp"
#include "core/base/json.hpp"
#include "core/config/paths.hpp"
#include "core/os/kept_file.hpp"
#include "core/os/process.hpp"

namespace delegate::cli::setup {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code ignored;  // an inaccessible file counts as missing
  return !path.empty() && fs::exists(path, ignored);
}

bool is_same_file(const std::string& one, const std::string& other) {
  std::error_code ignored;  // an inaccessible file counts as different
  return fs::equivalent(one, other, ignored);
}

/// The command, or a file of the editor; empty if neither exists.
std::string found_at(const World& world, const Editor& editor) {
  for (const std::string_view command : editor.commands())
    if (auto path = find_executable(std::string(command), world.variable("PATH"))) return *std::move(path);
  for (std::string& trace : editor.traces(world))
    if (exists(trace)) return std::move(trace);
  return {};
}

Registration registration_of(const World& world, const OrderedJson& entry, const std::string& command) {
  if (!starts_delegate(entry)) return Registration::foreign;
  const auto program = find_executable(command, world.variable("PATH"));
  if (!program) return Registration::gone;
  return is_same_file(*program, own_program(world)) ? Registration::here : Registration::elsewhere;
}

void read_registration(const World& world, EditorStatus& status) {
  if (status.file.empty()) return;
  if (const Status whole = no_interrupted_change(real_path(status.file)); !whole && !is_change_running(world)) {
    status.registration = Registration::interrupted;
    status.problem = whole.error().what;
    status.remedy = whole.error().hint;
    return;
  }
  const auto text = read_settings_file(status.file);
  if (text && !*text) return;
  const auto settings =
      text ? read_settings(status.editor->language, **text) : Result<OrderedJson>(tl::unexpected(text.error()));
  if (!settings) {
    status.registration = Registration::unreadable;
    status.problem = settings.error().what;
    return;
  }
  const OrderedJson* const entry = setting_at(*settings, status.editor->path());
  if (entry == nullptr) return;
  const auto server = server_in(*entry);
  status.command = server ? server->command : "";
  status.registration = registration_of(world, *entry, status.command);
  if (!server || status.registration == Registration::foreign) return;
  Server wanted = *server;  // with arguments that the user has added
  if (std::find(wanted.arguments.begin(), wanted.arguments.end(), "mcp") == wanted.arguments.end())
    wanted.arguments = {"mcp"};
  wanted.variables = moved_places(world);
  status.outdated = outdated(*status.editor, *entry, wanted);
  for (const std::string& name : wanted.variables)
    if (dump(*entry).find('"' + name + '"') == std::string::npos) status.unnamed.push_back(name);
}

}  // namespace

std::vector<EditorStatus> survey(const World& world) {
  std::vector<EditorStatus> all;
  for (const Editor& editor : editors()) {
    EditorStatus status{.editor = &editor, .found_at = found_at(world, editor), .file = editor.user_file(world)};
    status.is_installed = !status.found_at.empty();
    read_registration(world, status);
    all.push_back(std::move(status));
  }
  return all;
}

std::string_view name_of(Registration registration) {
  switch (registration) {
    case Registration::none: return "not_registered";
    case Registration::here: return "registered";
    case Registration::elsewhere: return "registered_elsewhere";
    case Registration::gone: return "program_gone";
    case Registration::foreign: return "name_taken";
    case Registration::unreadable: return "unreadable";
    case Registration::interrupted: return "interrupted";
  }
  return "";
}

std::string own_program(const World& world) {
  std::error_code error;
  const std::string file = fs::read_symlink("/proc/self/exe", error).string();
  const auto on_path = find_executable("delegate", world.variable("PATH"));
  return on_path && is_same_file(*on_path, own_executable()) ? *on_path : file;
}

}  // namespace delegate::cli::setup
