#include "cli/setup/show.hpp"

#include <algorithm>

#include "cli/render/table.hpp"
#include "core/base/text.hpp"
#include "core/config/paths.hpp"

namespace delegate::cli::setup {
namespace {

constexpr std::size_t kWidth = 80;

std::string state_text(const EditorStatus& status) {
  switch (status.registration) {
    case Registration::none: return "not registered";
    case Registration::here: return status.outdated.empty() ? "registered" : "out of date";
    case Registration::elsewhere: return "another delegate";
    case Registration::gone: return "program is gone";
    case Registration::foreign: return "name taken";
    case Registration::unreadable: return "cannot be read";
    case Registration::interrupted: return "interrupted";
  }
  return {};
}

/// What is wrong with it, and what to do; empty if nothing is.
std::string problem_text(const World& world, const EditorStatus& status) {
  const std::string name(status.editor->name);
  const std::string fix = ": delegate setup " + name;
  switch (status.registration) {
    case Registration::none: return {};
    case Registration::here:
      return status.outdated.empty() ? std::string()
                                     : name + " is out of date (" + join(status.outdated, ", ") + ")" + fix;
    case Registration::elsewhere: return name + " starts " + path_text(world, status.command) + fix;
    case Registration::gone:
      return name + " starts " + path_text(world, status.command) + ", which does not exist" + fix;
    case Registration::foreign: return name + " has another server of this name in " + path_text(world, status.file);
    case Registration::unreadable:
      return name + " cannot be read: " + path_text(world, status.file) + ": " + one_line(status.problem);
    case Registration::interrupted: return name + ": " + one_line(with_tilde(world, status.problem), 4000) + fix;
  }
  return {};
}

/// A text in lines that fit, as far as its words do. The command at its end counts as one word.
std::string wrapped(std::string_view text) {
  const std::size_t command = std::min(text.rfind(": delegate "), text.size());
  std::vector<std::string_view> words = split(text.substr(0, std::min(command + 1, text.size())), ' ');
  if (command < text.size()) words.push_back(text.substr(command + 2));
  std::string out;
  std::string line;
  for (const std::string_view word : words) {
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = " ";
    }
    line += (line.empty() ? "" : " ") + std::string(word);
  }
  return out + line + "\n";
}

/// The words after one another, in lines that fit.
std::string filled(std::string line, const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? "," : "");
    if (line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = " ";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

/// The end of the paths if the whole would make a line too long.
void shorten_paths(std::vector<std::vector<std::string>>& rows) {
  std::size_t before = 0;
  for (std::size_t column = 0; column < 2; ++column) {
    std::size_t widest = 0;
    for (const auto& row : rows) widest = std::max(widest, row[column].size());
    before += widest + 2;
  }
  for (auto& row : rows) {
    std::string& path = row[2];
    if (before + path.size() <= kWidth) continue;
    const std::size_t slash = path.find('/', path.size() - std::min(path.size(), kWidth - before - 1));
    if (slash != std::string::npos && slash > 0) path = "…" + path.substr(slash);
  }
}

}  // namespace

std::string path_text(const World& world, const std::string& path) { return one_line(with_tilde(world, path), 4000); }

std::string survey_text(const World& world, const std::vector<EditorStatus>& all) {
  std::vector<std::vector<std::string>> registered{{"EDITOR", "DELEGATE", "FOUND AT"}};
  std::vector<std::vector<std::string>> others;
  std::vector<std::string> missing;
  std::string problems;
  bool is_untried = false;
  for (const EditorStatus& status : all) {
    const std::string name(status.editor->name);
    if (!status.is_installed && status.registration == Registration::none) {
      missing.push_back(name);
      continue;
    }
    const std::string tried = status.editor->is_tried() ? "" : " (not tried)";
    is_untried = is_untried || !tried.empty();
    const std::string found = status.is_installed ? status.found_at : status.file;
    (status.registration == Registration::none ? others : registered)
        .push_back({name, state_text(status) + tried, path_text(world, found)});
    if (const std::string problem = problem_text(world, status); !problem.empty()) problems += wrapped(problem);
  }
  const bool has_others = !others.empty();
  registered.insert(registered.end(), others.begin(), others.end());
  shorten_paths(registered);
  std::string out = registered.size() == 1 ? "no editor found\n" : table(registered);
  if (!problems.empty()) out += "\n" + problems;
  if (!missing.empty()) out += "\n" + filled("not found:", missing);
  if (has_others || is_untried) out += "\n";
  if (has_others) out += "Register with one: delegate setup EDITOR\n";
  if (is_untried) out += "not tried: the entry follows the editor's documentation, see docs/editors.md\n";
  return out;
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
    put(one, "remedy", status.remedy);
    one["tried"] = status.editor->is_tried();
    put(one, "source", std::string(status.editor->source));
    out["editors"].push_back(std::move(one));
  }
  return out;
}

}  // namespace delegate::cli::setup
