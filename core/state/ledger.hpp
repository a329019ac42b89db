#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_time.hpp"
#include "core/base/result.hpp"
#include "core/quota/windows.hpp"
#include "core/state/usage.hpp"

// The ledger: a row for every run and every attempt. An unknown value is absent, never 0.
namespace delegate {

struct Usage {
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<double> cost_usd;

  bool operator==(const Usage&) const = default;
};

/// A candidate that was skipped.
struct SkipRow {
  std::string backend;
  std::string reason;  // "breaker_open", …
  std::string message;
  std::optional<milliseconds> retry_in;
  // For what is counted of it (UsageRow); not part of its row.
  bool spared_a_wait = false;  // its breaker kept a person from waiting for it

  bool operator==(const SkipRow&) const = default;
};

/// A text as it is stored: long ones without their middle.
struct KeptText {
  static constexpr std::size_t kMost = 256u << 10;  // bytes stored

  std::string text;
  std::int64_t size = 0;  // bytes of the whole text

  bool is_whole() const { return size <= static_cast<std::int64_t>(kMost); }
  bool operator==(const KeptText&) const = default;
};
/// Text over kMost is cut to its beginning and end, with a line between them.
KeptText kept(std::string_view text);
/// `end`, before which so many bytes are not there any more.
KeptText kept_after(KeptText end, std::size_t missing);

struct RunRow {
  std::string id;
  milliseconds started_at{0};        // wall
  std::optional<milliseconds> took;  // absent: still running, or killed
  std::string requested_backend;
  std::string task_type;
  std::string cwd;
  std::string summary = {};  // the first words of the prompt; empty: not kept
  bool writes = false;       // it was allowed to change files
  std::string outcome;       // empty while it runs
  std::string backend;       // the one that answered
  std::string model;
  std::string session_id;
  Usage usage;
  ProcessId owner;
  // Not loaded for lists.
  std::optional<KeptText> prompt;  // only with history.keep_prompts
  std::optional<KeptText> answer;
  std::optional<milliseconds> answer_until;  // wall; until when the answer is kept; absent: as long as the run
  std::vector<SkipRow> skips;                // in the order of the plan; written when the run ends

  bool operator==(const RunRow&) const = default;
};

struct AttemptRow {
  std::string run_id;
  int number = 0;  // from 1, in order of starting
  std::string backend;
  std::string model;
  std::string outcome;
  std::string message;
  std::string last_lines = {};  // of the output, redacted, if the failure was not recognised
  bool probe = false;
  bool counted = false;
  bool tripped = false;                  // it opened the breaker
  bool recovered = false;                // it closed the breaker
  std::optional<milliseconds> retry_at;  // wall; as stated by the vendor
  milliseconds started_at{0};            // wall
  milliseconds took{0};
  std::optional<int> exit_code;
  std::string session_id;
  Usage usage;
  bool may_have_written = false;                // it may have changed files, or has
  std::vector<std::string> written_files = {};  // some of these; no name has a newline
  // The windows of its login, without those that are not known.
  std::vector<WindowView> quota_before = {};
  std::vector<WindowView> quota_after = {};
  bool billed_extra = false;  // beyond the windows
  // For what is counted of it (UsageRow); not part of its row.
  bool is_call = true;                      // false: it ended before anything was started
  std::optional<Usage> counted_usage = {};  // otherwise `usage`
  std::string reservation = {};             // its token: counting the attempt ends it; empty: none

  bool operator==(const AttemptRow&) const = default;
};

/// Empty fields match all runs.
struct RunQuery {
  std::string backend;    // had an attempt at it or one of its logins
  std::string outcome;    // of the run or one of its attempts; with `backend`: of its attempt
  std::string project;    // ran in this directory or below it
  std::string text;       // its summary or its prompt contains this; letters of both cases are the same
  milliseconds since{0};  // wall; earliest start
  int most = 20;
};
struct SessionQuery {
  std::string cwd;
  std::string backend;
  std::string session_id;
};

/// One backend over a period, counted in attempts. An unknown value is absent, never 0.
struct BackendTotals {
  std::string backend;
  std::map<std::string, std::int64_t> outcomes;  // number of attempts by outcome
  std::int64_t trips = 0;
  std::optional<milliseconds> p50;  // of the attempts that answered
  std::optional<milliseconds> p95;
  Usage usage;  // sum over the attempts that report it
  struct Slot {
    std::int64_t answered = 0;
    std::int64_t failed = 0;
  };
  std::vector<Slot> slots;  // equal parts of the period, oldest first
};
struct TotalsQuery {
  milliseconds since{0};  // wall
  milliseconds until{0};
  int slots = 24;
};

class Ledger {
 public:
  virtual ~Ledger() = default;
  /// A run that went back into the queue, or whose process was killed before it did anything, begins again.
  virtual Status begin_run(const RunRow& row) = 0;
  /// Prepares the statements of add_attempt and finish_run while the backend works.
  virtual void prepare_to_finish() {}
  /// Writes its row and counts what it has used, in one step.
  virtual Status add_attempt(const AttemptRow& row) = 0;
  /// Only counts it.
  virtual Status count_attempt(const AttemptRow& row) = 0;
  /// Completes the row of a run, and deletes the oldest runs beyond `limit` with their attempts, and answers that are
  /// not to be kept any longer. If the run itself was deleted meanwhile, its attempts are deleted, too.
  virtual Status finish_run(const RunRow& row, int limit) = 0;
  /// Deletes a run that has ended, by its whole id, or all of them (empty), with everything that was stored of them and
  /// with the results of background runs: nothing of it is left in the files. What calls have used stays. How many.
  virtual Result<std::int64_t> forget(const std::string& id) = 0;
  /// Newest first.
  virtual Result<std::vector<RunRow>> runs(const RunQuery& query) = 0;
  /// The run whose id begins with `id`, with its stored texts. Code::not_found if there is none, Code::invalid_argument
  /// if there are several.
  virtual Result<RunRow> run(const std::string& id) = 0;
  /// How many characters of the id of a run are enough to name it.
  virtual Result<std::size_t> enough_of(const std::string& id) = 0;
  /// The newest run with an answer and a session.
  virtual Result<std::optional<RunRow>> newest_session(const SessionQuery& query) = 0;
  /// The newest run in this directory, other than `but_run`, that was allowed to change files, and may have changed
  /// some: it has answered, has not ended, or one of its attempts may have.
  virtual Result<std::optional<RunRow>> last_change(const std::string& cwd, const std::string& but_run) = 0;
  virtual Result<std::vector<BackendTotals>> totals(const TotalsQuery& query) = 0;
  virtual Result<std::vector<AttemptRow>> attempts(const std::string& run_id) = 0;
  /// The newest attempt of each backend.
  virtual Result<std::vector<AttemptRow>> last_attempts() = 0;

  /// What calls have used, hour by hour, oldest first. Independent of the runs that are kept.
  virtual Result<std::vector<UsageRow>> usage(const UsageQuery& query) = 0;
  /// A change of what is remembered for budgets, as one atomic step over all processes. Nothing is written if nothing
  /// changed, or on an error.
  using BudgetChange = std::function<Status(BudgetBook&, UsageSums&)>;
  virtual Status change_budgets(const BudgetChange& change) = 0;
  /// The same without writing: changes of the book are lost.
  virtual Status read_budgets(const BudgetChange& look) = 0;
};

}  // namespace delegate
