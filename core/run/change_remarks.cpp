#include "core/run/change_remarks.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/run/half_change.hpp"

namespace delegate {
namespace {

using State = ChangeReport::State;

std::string_view name_of(ChangedFile::Kind kind) {
  switch (kind) {
    case ChangedFile::Kind::added: return "added";
    case ChangedFile::Kind::deleted: return "deleted";
    case ChangedFile::Kind::modified: return "modified";
    case ChangedFile::Kind::mode_changed: return "mode_changed";
    case ChangedFile::Kind::type_changed: break;
  }
  return "type_changed";
}

std::string_view name_of(State state) {
  switch (state) {
    case State::in_files: return "in_files";
    case State::kept: return "kept";
    case State::refused: return "refused";
    case State::lost: return "lost";
    case State::none: break;
  }
  return "none";
}

struct LineCounts {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
};
LineCounts lines_of(const std::vector<ChangedFile>& files) {
  LineCounts sum;
  for (const ChangedFile& file : files) {
    sum.added += file.lines_added.value_or(0);
    sum.removed += file.lines_removed.value_or(0);
  }
  return sum;
}

/// "changed a.txt, b.txt (+3 -1)".
std::string summary(const ChangeReport& report) {
  const LineCounts lines = lines_of(report.files);
  return "changed " + words_for_files(report.names) + " (+" + std::to_string(lines.added) + " -" +
         std::to_string(lines.removed) + ")";
}

OrderedJson to_object(const ChangedFile& file) {
  OrderedJson json{{"path", file.path}, {"change", name_of(file.kind)}};
  put(json, "lines_added", file.lines_added);
  put(json, "lines_removed", file.lines_removed);
  return json;
}

class ChangeRemarks {
 public:
  ChangeRemarks(const ChangeReport& report, std::string run_id, Remarks& remarks)
      : report_(report), run_id_(std::move(run_id)), remarks_(remarks) {}

  void add() {
    if (!report_.no_undo.empty() && !report_.was_no_undo_said)
      note("this run cannot be taken back: " + report_.no_undo);
    for (const std::string& line : report_.notes) note(line);
    if (!report_.not_covered.empty()) note("not recorded: " + words_for_files(report_.not_covered));
    switch (report_.state) {
      case State::none: return;
      case State::in_files: return in_files();
      case State::kept: return kept();
      case State::refused: return refused();
      case State::lost: return lost();
    }
  }

 private:
  void note(std::string text, bool is_about_failure = false) {
    remarks_.push_back({Remark::Kind::note, std::move(text), is_about_failure});
  }
  void diffstat() {
    for (const std::string_view line : split(report_.diffstat, '\n'))
      if (!line.empty()) remarks_.push_back({Remark::Kind::detail, std::string(line)});
  }
  void in_files() {
    note(summary(report_) + (report_.is_isolated ? ", applied to " + one_line(report_.root) : "") +
         "; `delegate undo " + run_id_ + "` takes that back");
    if (!report_.not_applied.empty())
      remarks_.push_back(
          {Remark::Kind::error,
           "not applied: " + words_for_files(report_.not_applied) + "; all of it is in " + one_line(report_.patch),
           true});
    if (!report_.merged.empty()) note("merged with what has changed meanwhile: " + words_for_files(report_.merged));
    if (report_.is_isolated) diffstat();
    copy_stays();
  }
  void kept() {
    if (report_.files.empty()) note("nothing was changed in the copy");
    else note(summary(report_) + " in the copy, not in your files; as a patch: " + one_line(report_.patch));
    diffstat();
    copy_stays();
  }
  void refused() {
    remarks_.push_back({Remark::Kind::error,
                        "the change was not applied to " + one_line(report_.root) + ": " +
                            (report_.why.empty() ? "unknown" : report_.why),
                        true});
    if (!report_.patch.empty())
      remarks_.push_back(
          {Remark::Kind::hint, "all of it is in " + one_line(report_.patch) + ", for `git apply --reject`", true});
    diffstat();
    copy_stays();
  }
  void lost() {
    const std::string what = "what it has changed could not be recorded: " + report_.why;
    if (report_.is_isolated) remarks_.push_back({Remark::Kind::error, what, true});
    else note(what, true);
    copy_stays();
  }
  void copy_stays() {
    if (!report_.tree.empty()) note("the copy stays for a while: " + one_line(report_.tree), true);
  }

  const ChangeReport& report_;
  std::string run_id_;
  Remarks& remarks_;
};

}  // namespace

void explain_change(const ChangeReport& report, const std::string& run_id, Remarks& remarks) {
  ChangeRemarks(report, run_id, remarks).add();
}

std::string to_json(const ChangeReport& report) {
  if (report.state == State::none && report.no_undo.empty() && report.notes.empty()) return {};
  OrderedJson json{{"state", name_of(report.state)}, {"isolated", report.is_isolated}};
  json["can_undo"] = report.state == State::in_files;
  put(json, "root", report.root);
  const LineCounts lines = lines_of(report.files);
  json["lines_added"] = lines.added;
  json["lines_removed"] = lines.removed;
  json["files"] = OrderedJson::array();
  for (const ChangedFile& file : report.files) json["files"].push_back(to_object(file));
  put(json, "diffstat", report.diffstat);
  if (!report.conflicts.empty()) {
    json["conflicts"] = OrderedJson::array();
    for (const auto& [path, why] : report.conflicts) json["conflicts"].push_back({{"path", path}, {"why", why}});
  }
  if (!report.merged.empty()) json["merged"] = report.merged;
  if (!report.not_applied.empty()) json["not_applied"] = report.not_applied;
  if (!report.not_covered.empty()) json["not_covered"] = report.not_covered;
  put(json, "why", report.why.empty() ? report.no_undo : report.why);
  put(json, "patch", report.patch);
  put(json, "tree", report.tree);
  if (!report.notes.empty()) json["notes"] = report.notes;
  return dump(json);
}

}  // namespace delegate
