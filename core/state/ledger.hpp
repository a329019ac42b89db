#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"

// The ledger: every run and every attempt, as rows. Unavailable stays absent: unknown is never 0.
namespace delegate {

struct Usage {
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<double> cost_usd;

  bool operator==(const Usage&) const = default;
};

/// A candidate that was passed over.
struct SkipRow {
  std::string backend;
  std::string reason;  // "breaker_open", …
  std::string message;
  std::optional<milliseconds> retry_in;

  bool operator==(const SkipRow&) const = default;
};

/// A text as it was kept: long ones without their middle.
struct KeptText {
  static constexpr std::size_t kMost = 256u << 10;  // bytes that are stored

  std::string text;
  std::int64_t size = 0;  // bytes of the whole

  bool is_whole() const { return size <= static_cast<std::int64_t>(kMost); }
  bool operator==(const KeptText&) const = default;
};
/// Head and tail of what is longer than that, a line between them.
KeptText kept(std::string_view text);

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
  ProcessId owner;
  // Not read for lists.
  std::optional<KeptText> prompt;  // only with history.keep_prompts
  std::optional<KeptText> answer;  // only with history.keep_answers
  std::vector<SkipRow> skips;      // in the order of the plan; written when the run ends

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
  bool tripped = false;                  // it opened the breaker
  bool recovered = false;                // … or closed it
  std::optional<milliseconds> retry_at;  // wall; when the vendor said so
  milliseconds started_at{0};            // wall
  milliseconds took{0};
  std::optional<int> exit_code;
  std::string session_id;
  Usage usage;

  bool operator==(const AttemptRow&) const = default;
};

/// Which runs; what is empty matches all.
struct RunQuery {
  std::string backend;    // had an attempt at it, or at one of its logins
  std::string outcome;    // ended so, or had an attempt that did; with a backend: its attempt did
  milliseconds since{0};  // wall; started then or later
  int most = 20;
};
struct SessionQuery {
  std::string cwd;
  std::string backend;
  std::string session_id;
};

/// One backend over a stretch of time, counted in attempts. Unavailable means that nobody said, never 0.
struct BackendTotals {
  std::string backend;
  std::map<std::string, std::int64_t> outcomes;  // how many ended so
  std::int64_t trips = 0;
  std::optional<milliseconds> p50;  // of the attempts that answered
  std::optional<milliseconds> p95;
  Usage usage;  // summed over those that said
  struct Slot {
    std::int64_t answered = 0;
    std::int64_t failed = 0;
  };
  std::vector<Slot> slots;  // the stretch in equal parts, oldest first
};
struct TotalsQuery {
  milliseconds since{0};  // wall
  milliseconds until{0};
  int slots = 24;
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual Status begin_run(const RunRow& row) = 0;
  virtual Status add_attempt(const AttemptRow& row) = 0;
  /// Fills in the end of a run that was begun, and forgets the oldest runs beyond `limit` with their attempts. A run
  /// that was forgotten before its end leaves nothing either.
  virtual Status finish_run(const RunRow& row, int limit) = 0;
  /// Newest first.
  virtual Result<std::vector<RunRow>> runs(const RunQuery& query) = 0;
  /// The run whose id begins so, with everything that was kept. Code::not_found when there is none,
  /// Code::invalid_argument when there are several.
  virtual Result<RunRow> run(const std::string& id) = 0;
  /// The newest run that was answered and has a session.
  virtual Result<std::optional<RunRow>> newest_session(const SessionQuery& query) = 0;
  virtual Result<std::vector<BackendTotals>> totals(const TotalsQuery& query) = 0;
  virtual Result<std::vector<AttemptRow>> attempts(const std::string& run_id) = 0;
  /// The newest attempt at each backend.
  virtual Result<std::vector<AttemptRow>> last_attempts() = 0;
};

}  // namespace delegate
