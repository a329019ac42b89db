#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// The ledger: every run and every attempt, as rows. Absent stays absent: unknown is never 0.
namespace delegate {

struct Usage {
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<double> cost_usd;

  bool operator==(const Usage&) const = default;
};

struct RunRow {
  std::string id;
  milliseconds started_at{0};        // wall
  std::optional<milliseconds> took;  // absent: still running, or its process was killed
  std::string requested_backend;
  std::string task_type;
  std::string cwd;
  std::string outcome;  // empty while it runs
  std::string backend;  // who answered
  std::string model;
  std::string session_id;
  Usage usage;
  std::string prompt;  // only with history.keep_prompts
  ProcessId owner;

  bool operator==(const RunRow&) const = default;
};

struct AttemptRow {
  std::string run_id;
  int number = 0;  // from 1, in order of starting
  std::string backend;
  std::string model;
  std::string outcome;
  std::string message;
  bool probe = false;
  bool counted = false;
  milliseconds started_at{0};  // wall
  milliseconds took{0};
  std::optional<int> exit_code;
  std::string session_id;
  Usage usage;

  bool operator==(const AttemptRow&) const = default;
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual Status begin_run(const RunRow& row) = 0;
  virtual Status add_attempt(const AttemptRow& row) = 0;
  /// Fills in the end of a run that was begun, and forgets the oldest runs beyond `limit` with their attempts.
  virtual Status finish_run(const RunRow& row, int limit) = 0;
  /// Newest first.
  virtual Result<std::vector<RunRow>> runs(int most) = 0;
  virtual Result<std::vector<AttemptRow>> attempts(const std::string& run_id) = 0;
  /// The newest attempt at each backend.
  virtual Result<std::vector<AttemptRow>> last_attempts() = 0;
};

}  // namespace delegate
