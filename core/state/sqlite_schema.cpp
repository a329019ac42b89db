#include "core/state/sqlite_schema.hpp"

#include <array>

namespace delegate::sqlite {
namespace {

// Breakers and slots, and the ledger.
constexpr const char* kFirst = R"sql(
CREATE TABLE backend_state (
  name  TEXT PRIMARY KEY,
  state TEXT NOT NULL          -- JSON, see docs/state.md
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  number            INTEGER PRIMARY KEY,
  id                TEXT NOT NULL UNIQUE,
  started_at        INTEGER NOT NULL,   -- ms since the epoch
  took              INTEGER,            -- ms; NULL while it runs
  requested_backend TEXT NOT NULL,
  task_type         TEXT NOT NULL,
  cwd               TEXT NOT NULL,
  outcome           TEXT NOT NULL,      -- empty while it runs
  backend           TEXT NOT NULL,
  model             TEXT NOT NULL,
  session_id        TEXT NOT NULL,
  input_tokens      INTEGER,
  output_tokens     INTEGER,
  cost_usd          REAL,
  prompt            TEXT NOT NULL,
  owner_boot_id     TEXT NOT NULL,
  owner_pid         INTEGER NOT NULL,
  owner_start_time  INTEGER NOT NULL,
  owner_namespace   INTEGER NOT NULL
) STRICT;
CREATE TABLE attempts (
  run_id        TEXT NOT NULL,
  number        INTEGER NOT NULL,
  backend       TEXT NOT NULL,
  model         TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  message       TEXT NOT NULL,
  probe         INTEGER NOT NULL,
  counted       INTEGER NOT NULL,
  started_at    INTEGER NOT NULL,
  took          INTEGER NOT NULL,
  exit_code     INTEGER,
  session_id    TEXT NOT NULL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cost_usd      REAL,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_backend ON attempts (backend, started_at);
)sql";

// Stored texts in a table of their own; indexes for lists and totals of a long history.
constexpr const char* kHistory = R"sql(
CREATE TABLE texts (
  run_number  INTEGER PRIMARY KEY,   -- runs.number
  prompt      TEXT,                  -- NULL: not kept
  prompt_size INTEGER,               -- bytes of the whole
  answer      TEXT,
  answer_size INTEGER
) STRICT;
INSERT INTO texts SELECT number,
  CASE WHEN size <= 262144 THEN prompt
       ELSE CAST(substr(bytes, 1, 196608) AS TEXT)
            || char(10) || '[… ' || (size - 262144) || ' bytes left out …]' || char(10)
            || CAST(substr(bytes, -65536) AS TEXT) END,
  size, NULL, NULL
  FROM (SELECT number, prompt, CAST(prompt AS BLOB) AS bytes, length(CAST(prompt AS BLOB)) AS size FROM runs
        WHERE prompt <> '');
ALTER TABLE runs DROP COLUMN prompt;
CREATE TABLE skips (
  run_number INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  backend    TEXT NOT NULL,
  reason     TEXT NOT NULL,
  message    TEXT NOT NULL,
  retry_in   INTEGER,                -- ms
  PRIMARY KEY (run_number, position)
) STRICT, WITHOUT ROWID;
ALTER TABLE attempts ADD COLUMN tripped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN retry_at INTEGER;    -- ms since the epoch
DROP INDEX attempts_by_backend;
CREATE INDEX attempts_by_backend
  ON attempts (backend, started_at, outcome, took, tripped, input_tokens, output_tokens, cost_usd);
CREATE INDEX attempts_by_backend_and_outcome ON attempts (backend, outcome, started_at);
CREATE INDEX attempts_by_outcome ON attempts (outcome, started_at);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX runs_by_outcome ON runs (outcome, started_at);
CREATE INDEX sessions ON runs (session_id, started_at) WHERE session_id <> '';
CREATE INDEX sessions_by_place ON runs (cwd, started_at) WHERE session_id <> '';
CREATE INDEX sessions_by_place_and_backend ON runs (cwd, backend, started_at) WHERE session_id <> '';
CREATE INDEX sessions_by_backend ON runs (backend, started_at) WHERE session_id <> '';
)sql";

// Background runs. `state` as in JobRow::State.
constexpr const char* kBackground = R"sql(
CREATE TABLE jobs (
  number           INTEGER PRIMARY KEY,   -- the queue's order
  id               TEXT NOT NULL UNIQUE,  -- the run's
  state            INTEGER NOT NULL,
  submitted_at     INTEGER NOT NULL,      -- ms since the epoch
  owner_boot_id    TEXT NOT NULL,
  owner_pid        INTEGER NOT NULL,
  owner_start_time INTEGER NOT NULL,
  owner_namespace  INTEGER NOT NULL,
  doing            TEXT NOT NULL,
  cancel_wanted    INTEGER NOT NULL DEFAULT 0,
  ended_at         INTEGER,
  result           TEXT NOT NULL DEFAULT '',
  remarks          TEXT NOT NULL DEFAULT '',
  exit_code        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_under_way ON jobs (number) WHERE state < 2;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE state = 2;
)sql";

// Notifications, and the guards of side jobs.
constexpr const char* kNotifications = R"sql(
CREATE TABLE notifications (
  id                INTEGER PRIMARY KEY,
  kind              TEXT NOT NULL,
  subject           TEXT NOT NULL,      -- the backend, or the guard
  outcome           TEXT NOT NULL,
  severity          TEXT NOT NULL,
  title             TEXT NOT NULL,
  message           TEXT NOT NULL,
  count             INTEGER NOT NULL,
  first_seen        INTEGER NOT NULL,   -- ms since the epoch, as all times here
  last_seen         INTEGER NOT NULL,
  retry_at          INTEGER,
  acknowledged_at   INTEGER,
  delivery          TEXT NOT NULL,
  channel           TEXT NOT NULL,
  detail            TEXT NOT NULL,
  handle            TEXT NOT NULL,
  delivered_at      INTEGER,
  sender_boot_id    TEXT NOT NULL,
  sender_pid        INTEGER NOT NULL,
  sender_start_time INTEGER NOT NULL,
  sender_namespace  INTEGER NOT NULL,
  taken_at          INTEGER
) STRICT;
DROP INDEX jobs_under_way;
CREATE INDEX jobs_under_way ON jobs (number) WHERE state IN (0, 1, 4);
DROP INDEX jobs_ended;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE state IN (2, 3);
CREATE TABLE guards (
  name  TEXT PRIMARY KEY,
  state TEXT NOT NULL          -- JSON, see docs/state.md
) STRICT, WITHOUT ROWID;
)sql";

// An acknowledged outage may still go on: the end gets its own column. `taken_at` counts from the boot of the sender's
// host from this version on.
constexpr const char* kEnds = R"sql(
ALTER TABLE notifications ADD COLUMN ended_at INTEGER;
UPDATE notifications SET ended_at = acknowledged_at, taken_at = NULL;
)sql";

// What a failure that was not recognised printed last.
constexpr const char* kLastLines = R"sql(
ALTER TABLE attempts ADD COLUMN last_lines TEXT NOT NULL DEFAULT '';
)sql";

// The queue of the dispatcher. `begun` as in JobRow::Stage; a row that an earlier version writes has 1, because such a
// job is run by its own process.
constexpr const char* kQueue = R"sql(
ALTER TABLE jobs ADD COLUMN line TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN begun INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN turn_at INTEGER NOT NULL DEFAULT 0;   -- ms since boot
ALTER TABLE jobs ADD COLUMN needs TEXT NOT NULL DEFAULT '';
CREATE TABLE job_requests (
  id      TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  start   TEXT NOT NULL
) STRICT;
CREATE TABLE leases (
  name             TEXT PRIMARY KEY,
  boot_id          TEXT NOT NULL,
  boot             INTEGER NOT NULL,   -- ms
  wall             INTEGER NOT NULL,   -- ms since the epoch
  length           INTEGER NOT NULL,   -- ms
  owner_boot_id    TEXT NOT NULL,
  owner_pid        INTEGER NOT NULL,
  owner_start_time INTEGER NOT NULL,
  owner_namespace  INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_in_line ON jobs (line, number) WHERE state = 0;
CREATE INDEX jobs_running ON jobs (number) WHERE state = 1;
CREATE INDEX jobs_yielded ON jobs (number) WHERE state = 4;
CREATE INDEX jobs_owned ON jobs (number) WHERE state = 0 AND owner_pid <> 0;
)sql";

// Jobs that their owners run themselves; and those that an earlier version marked as killed before they had started.
constexpr const char* kOwn = R"sql(
ALTER TABLE jobs ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_killed_unstarted ON jobs (number) WHERE state = 3 AND begun <> 1;
)sql";

// What the canary remembers between its cycles. Earlier versions left the end in a job that was revived.
constexpr const char* kCanary = R"sql(
CREATE TABLE canary (
  id             TEXT PRIMARY KEY,   -- of the invariant
  verdict        TEXT NOT NULL,
  reason         TEXT NOT NULL,
  checked_at     INTEGER NOT NULL,   -- ms since the epoch, as all times here
  violated_since INTEGER,
  last_violated  INTEGER,
  times          INTEGER NOT NULL,
  lines          TEXT NOT NULL,
  found          INTEGER NOT NULL,
  notes          TEXT NOT NULL       -- JSON
) STRICT;
UPDATE jobs SET ended_at = NULL WHERE state IN (0, 1, 4) AND ended_at IS NOT NULL;
)sql";

// What runs that were allowed to change files may have changed. `written_files`: one name a line.
constexpr const char* kWriting = R"sql(
ALTER TABLE runs ADD COLUMN writes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN may_have_written INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN written_files TEXT NOT NULL DEFAULT '';
CREATE INDEX writing_runs ON runs (cwd, started_at) WHERE writes = 1;
)sql";

// Runs that write in a directory: see WriterRow.
constexpr const char* kWriters = R"sql(
CREATE TABLE writers (
  token            TEXT PRIMARY KEY,
  directory        TEXT NOT NULL,
  run_id           TEXT NOT NULL,
  tag              TEXT NOT NULL,
  boot_id          TEXT NOT NULL,
  boot             INTEGER NOT NULL,   -- ms
  wall             INTEGER NOT NULL,   -- ms since the epoch
  length           INTEGER NOT NULL,   -- ms
  owner_boot_id    TEXT NOT NULL,
  owner_pid        INTEGER NOT NULL,
  owner_start_time INTEGER NOT NULL,
  owner_namespace  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Runs that wait for a directory: see WaitingWriter.
constexpr const char* kWaitingWriters = R"sql(
CREATE TABLE waiting_writers (
  number           INTEGER PRIMARY KEY,   -- the line's order
  token            TEXT NOT NULL,
  directory        TEXT NOT NULL,
  run_id           TEXT NOT NULL,
  tag              TEXT NOT NULL,
  boot_id          TEXT NOT NULL,
  boot             INTEGER NOT NULL,      -- ms
  wall             INTEGER NOT NULL,      -- ms since the epoch
  length           INTEGER NOT NULL,      -- ms
  owner_boot_id    TEXT NOT NULL,
  owner_pid        INTEGER NOT NULL,
  owner_start_time INTEGER NOT NULL,
  owner_namespace  INTEGER NOT NULL,
  aside            INTEGER NOT NULL
) STRICT;
)sql";

// The windows of an attempt's login: JSON, see docs/state.md.
constexpr const char* kQuota = R"sql(
ALTER TABLE attempts ADD COLUMN quota_before TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN quota_after TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN billed_extra INTEGER NOT NULL DEFAULT 0;
)sql";

// What calls have used, and what budgets need: see UsageRow and BudgetBook.
constexpr const char* kUsage = R"sql(
CREATE TABLE usage_hours (
  hour              INTEGER NOT NULL,   -- ms since the epoch
  backend           TEXT NOT NULL,
  login             TEXT NOT NULL,
  model             TEXT NOT NULL,
  outcome           TEXT NOT NULL,
  directory         TEXT NOT NULL,
  calls             INTEGER NOT NULL,
  calls_with_tokens INTEGER NOT NULL,
  input_tokens      INTEGER NOT NULL,
  output_tokens     INTEGER NOT NULL,
  calls_with_cost   INTEGER NOT NULL,
  cost_usd          REAL NOT NULL,
  latency           TEXT NOT NULL,      -- "BUCKET:CALLS …"
  PRIMARY KEY (hour, backend, login, model, outcome, directory)
) STRICT, WITHOUT ROWID;
CREATE TABLE budget_periods (
  period TEXT PRIMARY KEY,
  begins INTEGER NOT NULL,              -- ms since the epoch
  ends   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reservations (
  token            TEXT PRIMARY KEY,
  backend          TEXT NOT NULL,
  model            TEXT NOT NULL,
  calls            INTEGER NOT NULL,
  tokens           INTEGER NOT NULL,
  usd              REAL NOT NULL,
  made_at          INTEGER NOT NULL,    -- ms since the epoch
  boot_id          TEXT NOT NULL,
  boot             INTEGER NOT NULL,    -- ms
  wall             INTEGER NOT NULL,    -- ms since the epoch
  length           INTEGER NOT NULL,    -- ms
  owner_boot_id    TEXT NOT NULL,
  owner_pid        INTEGER NOT NULL,
  owner_start_time INTEGER NOT NULL,
  owner_namespace  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What was asked, in a few words; and answers that are kept for a while.
constexpr const char* kSummaries = R"sql(
ALTER TABLE runs ADD COLUMN summary TEXT NOT NULL DEFAULT '';
ALTER TABLE texts ADD COLUMN answer_until INTEGER;   -- ms since the epoch; NULL: as long as the run
CREATE INDEX answers_by_end ON texts (answer_until) WHERE answer_until IS NOT NULL;
)sql";

// What the breakers were worth: see UsageRow.
constexpr const char* kSpared = R"sql(
ALTER TABLE usage_hours ADD COLUMN tripped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array<const char*, 5> kMigrations = {kFirst, kHistory, kBackground, kNotifications, kEnds};
constexpr std::array<const char*, 11> kAdditions = {kLastLines,      kQueue, kOwn,   kCanary,    kWriting, kWriters,
                                                    kWaitingWriters, kQuota, kUsage, kSummaries, kSpared};

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }
std::span<const char* const> additions() { return kAdditions; }

}  // namespace delegate::sqlite
