#include "core/jobs/job_result.hpp"

#include <array>

#include "core/base/exit_code.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::jobs {
namespace {

constexpr std::size_t kMaxRemark = 8192;  // bytes

struct KindName {
  Remark::Kind kind;
  std::string_view name;  // stored: frozen
};
constexpr std::array kKindNames{KindName{Remark::Kind::degraded, "degraded"}, KindName{Remark::Kind::error, "error"},
                                KindName{Remark::Kind::note, "note"}, KindName{Remark::Kind::hint, "hint"},
                                KindName{Remark::Kind::detail, "detail"}};

std::string_view name_of(Remark::Kind kind) {
  for (const KindName& one : kKindNames)
    if (one.kind == kind) return one.name;
  return {};
}

/// A kind that a newer version wrote is a note here.
Remark::Kind kind_named(std::string_view name) {
  for (const KindName& one : kKindNames)
    if (one.name == name) return one.kind;
  return Remark::Kind::note;
}

Remark remark_from(const OrderedJson& json) {
  return {kind_named(json.at("kind").get<std::string>()), json.at("text").get<std::string>(),
          json.value("about_failure", false)};
}

/// A line of stderr, as versions before the typed remarks stored it.
Remark remark_from_line(std::string_view line) {
  if (line.starts_with("[delegate:degraded]")) return {Remark::Kind::degraded, std::string(line), true};
  for (const auto& [prefix, kind] :
       {std::pair<std::string_view, Remark::Kind>{"hint: ", Remark::Kind::hint}, {"delegate: ", Remark::Kind::note}})
    if (line.starts_with(prefix)) return {kind, std::string(line.substr(prefix.size()))};
  return {Remark::Kind::note, std::string(line)};
}

}  // namespace

JobResult to_job_result(const RunResult& result, const Redactor& redact) {
  Remarks remarks = explain(result);
  for (Remark& remark : remarks) remark.text = redact(one_line(remark.text, kMaxRemark));
  return {to_record(result), std::move(remarks), exit_code_of(result)};
}

JobResult to_job_result(const Error& error) {
  const Outcome outcome = error.code == Code::resource_exhausted  ? Outcome::no_slot
                          : error.code == Code::permission_denied ? Outcome::blocked
                                                                  : Outcome::internal;
  Remarks remarks{{Remark::Kind::error, error.what, true}};
  if (!error.hint.empty()) remarks.push_back({Remark::Kind::hint, error.hint, true});
  return {to_record(error, to_string(outcome)), std::move(remarks), traits(outcome).exit_code};
}

JobResult job_result_from(const JobRow& row) {
  return {parse_run_record(row.result), stored_remarks(row.remarks), row.exit_code};
}

JobRow ended_row(std::string id, milliseconds ended_at, const JobResult& result) {
  return {.id = std::move(id),
          .ended_at = ended_at,
          .result = result.record.json,
          .remarks = dump(to_json(result.remarks)),
          .exit_code = result.exit_code};
}

OrderedJson to_json(const Remarks& remarks) {
  OrderedJson list = OrderedJson::array();
  for (const Remark& remark : remarks)
    list.push_back({{"kind", name_of(remark.kind)}, {"text", remark.text}, {"about_failure", remark.is_about_failure}});
  return list;
}

Remarks remarks_from(const OrderedJson& list) {
  Remarks remarks;
  for (const OrderedJson& one : list) remarks.push_back(remark_from(one));
  return remarks;
}

Remarks stored_remarks(std::string_view text) {
  try {  // a border where exceptions end
    const OrderedJson list = OrderedJson::parse(text);
    if (list.is_array()) return remarks_from(list);
  } catch (const OrderedJson::exception&) {
    // not an array of ours: lines
  }
  Remarks remarks;
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty()) remarks.push_back(remark_from_line(line));
  return remarks;
}

}  // namespace delegate::jobs
