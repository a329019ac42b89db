#include <catch2/catch.hpp>

#include "core/base/exit_code.hpp"
#include "core/jobs/job_process.hpp"
#include "core/jobs/job_result.hpp"

// The result of a background job, in the store and on the way from its process.
using namespace delegate;
using namespace delegate::jobs;

namespace {

const Remarks kRemarks{{Remark::Kind::degraded, "[delegate:degraded] codex skipped: disabled.", true},
                       {Remark::Kind::error, "no backend is available", true},
                       {Remark::Kind::note, "delegate: \"quoted\"", false},
                       {Remark::Kind::hint, "see `delegate status`", true}};

JobResult answered() {
  return {parse_run_record(R"({"schema":"delegate.ask/1","outcome":"answered","answer":"hi","backend":"codex",)"
                           R"("model":"m","session_id":"s","duration_ms":1234})"),
          kRemarks, 0};
}

}  // namespace

TEST_CASE("a record that is read back has the fields that were written") {
  const RunRecord record = answered().record;
  CHECK(record.answer == "hi");
  CHECK(record.backend == "codex");
  CHECK(record.model == "m");
  CHECK(record.session_id == "s");
  CHECK(record.took == milliseconds(1234));
}

TEST_CASE("a record without an answer has the outcome, the message and the hint of its error") {
  RunResult result;
  result.outcome = Outcome::no_slot;
  result.message = "all slots are in use";
  result.hint = "wait";
  for (const RunRecord& record : {to_record(result), parse_run_record(to_record(result).json)}) {
    CHECK_FALSE(record.answer);
    CHECK(record.outcome == to_string(Outcome::no_slot));
    CHECK(record.message == "all slots are in use");
    CHECK(record.hint == "wait");
  }
}

TEST_CASE("a text that is no record is read as one without an answer") {
  for (const char* nonsense : {"", "null", "[]", "{", "7", R"({"answer":7})", R"({"error":7})",
                               R"({"error":{"outcome":[]},"duration_ms":"x","backend":{}})"}) {
    INFO(nonsense);
    const RunRecord record = parse_run_record(nonsense);
    CHECK_FALSE(record.answer);
    CHECK(record.message.empty());
    CHECK(record.json == nonsense);
  }
}

TEST_CASE("a result is the same after its way through the store") {
  const JobRow row = ended_row("r1", milliseconds(5), answered());
  CHECK(row.id == "r1");
  CHECK(row.ended_at == milliseconds(5));
  const JobResult read = job_result_from(row);
  CHECK(read.record.json == answered().record.json);
  CHECK(read.remarks == kRemarks);
  CHECK(read.exit_code == 0);
}

TEST_CASE("a result is the same after its way through the pipe of its process") {
  const JobEvent event = job_event_from(to_line(job_event::Ended{answered()}));
  const JobResult& read = std::get<job_event::Ended>(event).result;
  CHECK(read.record.json == answered().record.json);
  CHECK(read.remarks == kRemarks);
}

TEST_CASE("remarks that an older version stored as lines are read") {
  const JobRow row{.result = "{}",
                   .remarks =
                       "[delegate:degraded] codex skipped after repeated failures; retrying in ~5 s.\n"
                       "delegate: its last failure: exit code 3\n"
                       "hint: see `delegate status`\n"};
  const Remarks expected{
      {Remark::Kind::degraded, "[delegate:degraded] codex skipped after repeated failures; retrying in ~5 s.", true},
      {Remark::Kind::note, "its last failure: exit code 3"},
      {Remark::Kind::hint, "see `delegate status`"}};
  CHECK(job_result_from(row).remarks == expected);
  CHECK(stored_remarks("").empty());
}

TEST_CASE("each line that an older version stored is printed as it was") {
  for (const char* line : {"delegate: claude skipped", "hint: wait", "[delegate:degraded] x skipped: disabled."})
    CHECK(line_of(stored_remarks(std::string(line) + "\n").at(0)) == line);
}

TEST_CASE("an error that kept a job from running is its result") {
  const JobResult result = to_job_result(Error{Code::not_found, "no such file", "submit it again"});
  CHECK(result.exit_code == kInternal);
  CHECK(result.record.message == "no such file");
  CHECK(result.record.outcome == "internal");
  CHECK(result.remarks.size() == 2);
}
