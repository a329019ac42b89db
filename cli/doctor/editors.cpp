#include <algorithm>

#include "cli/doctor/patient.hpp"
#include "cli/places.hpp"
#include "cli/setup/survey.hpp"
#include "core/base/text.hpp"

// The editors that are here: do they start delegate, and which one?
namespace delegate::cli::doctor {
namespace {

using setup::Registration;

/// The editor keeps variables back, or its entry is older than they are.
Finding outdated(const Patient& patient, const setup::EditorStatus& editor, const std::string& fix) {
  const std::string title(editor.editor->title);
  const auto moved = moved_places(patient.world);
  const bool is_about_places =
      !moved.empty() && std::any_of(editor.outdated.begin(), editor.outdated.end(),
                                    [](const std::string& key) { return key.starts_with("env"); });
  if (is_about_places)
    return {Severity::warning, title,
            "does not hand on " + join(moved, ", ") + ": what it asks has other settings and breakers than this shell",
            fix};
  return {Severity::warning, title, "its entry is out of date (" + join(editor.outdated, ", ") + ")", fix};
}

Finding look_at(const Patient& patient, const setup::EditorStatus& editor) {
  const std::string name(editor.editor->title);  // as backends, claude, codex and gemini have a name of their own
  const std::string file = with_tilde(patient.world, editor.file);
  const std::string fix = "delegate setup " + std::string(editor.editor->name);
  switch (editor.registration) {
    case Registration::none: return {Severity::note, name, "does not have delegate as a tool", fix};
    case Registration::gone: return {Severity::problem, name, "starts " + editor.command + ", which is not there", fix};
    case Registration::foreign:
      return {Severity::warning, name, "has another server by the name of delegate in " + file,
              "rename that one, then " + fix};
    case Registration::unreadable:
      return {Severity::warning, name, file + " cannot be read: " + editor.problem, "mend the file"};
    case Registration::elsewhere:
      return {Severity::warning, name, "starts " + editor.command + ", which is not this program", fix};
    case Registration::here: break;
  }
  if (!editor.outdated.empty()) return outdated(patient, editor, fix);
  return {Severity::ok, name, "has delegate as a tool"};
}

}  // namespace

Findings look_at_editors(const Patient& patient) {
  Findings all;
  for (const setup::EditorStatus& editor : setup::survey(patient.world))
    if (editor.is_installed || editor.registration != Registration::none) all.push_back(look_at(patient, editor));
  return all;
}

}  // namespace delegate::cli::doctor
