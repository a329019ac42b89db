#pragma once
#include "core/base/json.hpp"
#include "core/base/redact.hpp"
#include "core/run/remarks.hpp"
#include "core/run/run_record.hpp"
#include "core/state/jobs.hpp"

namespace delegate::jobs {

/// How a background run ended.
struct JobResult {
  RunRecord record;  // what `ask --json` would have printed, and what it says
  Remarks remarks;   // what `ask` would have printed on stderr
  int exit_code = 0;
};

/// Secrets are removed from the remarks.
JobResult to_job_result(const RunResult& result, const Redactor& redact);
/// Of a job that could not be run at all.
JobResult to_job_result(const Error& error);

/// In the store. Rows of older versions, whose remarks are the lines of stderr, are read as well.
JobResult job_result_from(const JobRow& row);
JobRow ended_row(std::string id, milliseconds ended_at, const JobResult& result);

/// As a JSON array; reading throws OrderedJson::exception.
OrderedJson to_json(const Remarks& remarks);
Remarks remarks_from(const OrderedJson& list);
/// Text that is not such an array is read as lines of stderr.
Remarks stored_remarks(std::string_view text);

}  // namespace delegate::jobs
