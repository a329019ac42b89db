#pragma once
#include "core/base/exit_code.hpp"
#include "core/config/report.hpp"
#include "core/run/run_record.hpp"

namespace delegate::cli {

/// Can the person fix it (kUsage), or is it the machine (kInternal)?
inline bool is_usage_error(const Error& error) {
  return error.code == Code::invalid_argument || error.code == Code::not_found;
}

/// `signal`: the one that ended the run; 0: none.
inline int exit_code_of(const RunResult& result, int signal) {
  return result.outcome == Outcome::cancelled && signal != 0 ? 128 + signal : delegate::exit_code_of(result);
}

/// Of a command that needs the configuration; 0: it can be used.
inline int exit_code_of(const ConfigVerdict& verdict) {
  if (verdict.errors.empty()) return kAnswered;
  return verdict.outcome == "blocked" ? kBlocked : kConfiguration;
}

}  // namespace delegate::cli
