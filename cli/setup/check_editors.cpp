#include "cli/setup/check_editors.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "core/config/paths.hpp"
#include "core/os/file.hpp"

// Installed editors: do they start delegate, and which one?
namespace delegate::cli::setup {
namespace {

using namespace inspect;

/// Directories that are on PATH of editors that were not started from a shell.
constexpr std::array<std::string_view, 6> kEverywhere{"/usr/local/bin/", "/usr/bin/",  "/bin/",
                                                      "/snap/bin/",      "/usr/sbin/", "/opt/homebrew/bin/"};

/// The editor does not pass on variables, or its entry is outdated.
Finding outdated(const EditorStatus& editor, const std::string& fix) {
  const std::string title(editor.editor->title);
  const bool is_about_places =
      !editor.unnamed.empty() && std::any_of(editor.outdated.begin(), editor.outdated.end(),
                                             [](const std::string& key) { return key.starts_with("env"); });
  if (is_about_places)
    return {FindingSeverity::warning, title,
            "does not pass on " + join(editor.unnamed, ", ") +
                ": its calls use other settings and breakers than this shell",
            fix};
  return {FindingSeverity::warning, title, "its entry is out of date (" + join(editor.outdated, ", ") + ")", fix};
}

Finding check_editor(const World& world, const EditorStatus& editor) {
  const std::string name(
      editor.editor->title);  // not the short name, because backends are also called claude, codex and gemini
  const std::string file = with_tilde(world, editor.file);
  const std::string fix = "delegate setup " + std::string(editor.editor->name);
  switch (editor.registration) {
    case Registration::none: return {FindingSeverity::note, name, "does not have delegate as a tool", fix};
    case Registration::gone:
      return {FindingSeverity::problem, name, "starts " + editor.command + ", which does not exist", fix};
    case Registration::foreign:
      return {FindingSeverity::warning, name, "has another server with the name delegate in " + file,
              "rename it, then " + fix};
    case Registration::unreadable:
      return {FindingSeverity::warning, name, file + " cannot be read: " + editor.problem, "fix the file"};
    case Registration::interrupted: return {FindingSeverity::warning, name, editor.problem, editor.remedy};
    case Registration::elsewhere:
      return {FindingSeverity::warning, name, "starts " + editor.command + ", which is not this program", fix};
    case Registration::here: break;
  }
  if (!editor.outdated.empty()) return outdated(editor, fix);
  return {FindingSeverity::ok, name, "has delegate as a tool"};
}

}  // namespace

Findings check_editors(const World& world, const std::vector<EditorStatus>& editors) {
  Findings all;
  for (const EditorStatus& editor : editors)
    if (editor.is_installed || editor.registration != Registration::none) all.push_back(check_editor(world, editor));
  return all;
}

Findings check_editor_path(const std::vector<EditorStatus>& editors, const Engine& engine) {
  const bool is_tool = std::any_of(editors.begin(), editors.end(),
                                   [](const auto& one) { return one.registration == Registration::here; });
  if (!is_tool) return {};
  std::vector<std::string> hidden;
  for (const auto& [name, settings] : engine.config.backends) {
    const auto candidate = find_candidate(engine, name);
    if (!candidate || !candidate->backend->is_process() || settings.command.front().starts_with('/')) continue;
    if (std::none_of(kEverywhere.begin(), kEverywhere.end(), [&](std::string_view place) {
          return Path(candidate->where).parent_path().string() + "/" == place;
        }))
      hidden.push_back(name);
  }
  if (hidden.empty()) return {};
  return {{FindingSeverity::note, "PATH",
           "an editor started from the desktop may have another one and not find " + join(hidden, ", "),
           "start it from this shell, or set backends." + hidden.front() + ".command to the absolute path"}};
}

}  // namespace delegate::cli::setup
