#include "cli/setup/show.hpp"

#include "cli/render/table.hpp"
#include "core/base/text.hpp"
#include "core/config/paths.hpp"

namespace delegate::cli::setup {
namespace {

std::string update_text(const EditorStatus& status) {
  if (status.outdated.empty()) return {};
  return ", out of date (" + join(status.outdated, ", ") + "): delegate setup " + std::string(status.editor->name);
}

std::string state_text(const World& world, const EditorStatus& status) {
  switch (status.registration) {
    case Registration::none: return "not registered: delegate setup " + std::string(status.editor->name);
    case Registration::here: return "registered" + update_text(status);
    case Registration::elsewhere: return "registered, as " + path_text(world, status.command) + update_text(status);
    case Registration::gone:
      return "registered as " + path_text(world, status.command) + ", which does not exist: delegate setup " +
             std::string(status.editor->name);
    case Registration::foreign: return "another server has this name";
    case Registration::unreadable:
      return "cannot be read: " + path_text(world, status.file) + ": " + one_line(status.problem);
  }
  return {};
}

}  // namespace

std::string path_text(const World& world, const std::string& path) { return one_line(with_tilde(world, path), 4000); }

std::string survey_text(const World& world, const std::vector<EditorStatus>& all) {
  std::vector<std::vector<std::string>> rows{{"EDITOR", "FOUND AT", "DELEGATE"}};
  std::vector<std::string> missing;
  for (const EditorStatus& status : all)
    if (status.is_installed)
      rows.push_back({std::string(status.editor->name), path_text(world, status.found_at), state_text(world, status)});
    else missing.emplace_back(status.editor->name);
  const std::string found = rows.size() == 1 ? "no editor found\n" : table(rows);
  return found + (missing.empty() ? "" : "\nnot found: " + join(missing, ", ") + "\n");
}

OrderedJson survey_json(const std::vector<EditorStatus>& all) {
  OrderedJson out{{"schema", "delegate.setup/1"}, {"editors", OrderedJson::array()}};
  for (const EditorStatus& status : all) {
    OrderedJson one{{"name", status.editor->name}, {"installed", status.is_installed}};
    put(one, "found_at", status.found_at);
    put(one, "file", status.file);
    one["state"] = name_of(status.registration);
    put(one, "command", status.command);
    if (!status.outdated.empty()) one["outdated"] = status.outdated;
    put(one, "problem", status.problem);
    out["editors"].push_back(std::move(one));
  }
  return out;
}

}  // namespace delegate::cli::setup
