#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/capabilities.hpp"
#include "core/base/deadline.hpp"
#include "core/config/config.hpp"
#include "core/health/outcome.hpp"
#include "core/os/child.hpp"
#include "core/os/http.hpp"
#include "core/quota/windows.hpp"
#include "core/run/spoken_text.hpp"
#include "core/state/ledger.hpp"

// What a backend kind must provide. Everything here is pure: a backend says what to run or send, parses what comes
// back, and explains a failure. Running calls, time limits, breakers and fallback belong to core/run.
namespace delegate {

using Environment = std::map<std::string, std::string>;

enum class Access { read_only, write };

/// How large a model a task needs; each backend's settings say which model that is.
enum class Tier { small, medium, large };

/// One call to one backend, with everything that is known before it.
struct Task {
  std::string prompt;
  std::string system;   // empty: none
  std::string model;    // empty: the backend's own default
  std::string session;  // the one to resume; empty: a new one
  std::string cwd;
  Access access = Access::read_only;
  std::string effort;              // reasoning effort, for kinds that have levels of it; empty: its default
  std::optional<Tier> local_size;  // of the model to choose among the installed ones
  bool watched = false;            // a person watches: drafts are shown
  bool keeps_answer = true;        // false: a long one is streamed, and only its end is kept
  BackendSettings settings;
  std::string executable;   // absolute: of a CLI, or of the server_program; empty if that is not installed
  Environment environment;  // the caller's
  Environment login;        // variables that the login adds to the child's environment
};

/// A private file that a CLI must find on disk (the prompt only if the CLI accepts it no other way). The runner writes
/// it with mode 0600, replaces `placeholder` in argv and env by its path, and removes it afterwards.
struct PrivateFile {
  std::string placeholder;
  std::string content;
};

/// A log that a CLI can write while it works, for `read` (Stream::log). The runner has it written to a pipe; it is kept
/// nowhere. If the pipe cannot be created, or a person uses that log, the call goes without.
struct OwnLog {
  std::string path_variable;           // set to the path
  std::vector<std::string> env;        // NAME=value, to turn it on
  std::vector<std::string> unless_in;  // settings of the person, which may not exist: absolute paths
  std::string word;                    // one of these that contains it (in any case) configures that log
};
/// In the private directory of the call.
inline constexpr const char* kLogPipeName = "delegate-log";

struct ProcessCall {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string input;
  std::vector<PrivateFile> files;
  /// Placeholder in argv or env for a private directory, which is removed after the call; empty: none is needed.
  std::string directory_placeholder;
  /// The arguments to use if that directory cannot be created. Empty: the call then fails.
  std::vector<std::string> argv_without_directory = {};
  std::optional<OwnLog> log = {};  // only beside a private directory
};
using Call = std::variant<ProcessCall, HttpRequest>;

/// A request that loads a model: the server answers with status 200 once the model is ready.
struct Load {
  HttpRequest request;
  std::string model;  // its name, for display
};

/// A file in which a CLI keeps its output, for the case that the answer is missing on stdout.
struct TranscriptFile {
  std::string directory;  // absolute; empty: the call's private directory
  std::string name;       // in that directory or in one of its subdirectories
};

/// The files that a CLI writes while it works: those below `directory` whose path contains `part`.
struct SessionFiles {
  std::string directory;  // absolute
  std::string part;       // the name of this very session
};

/// A backend reports that it retries by itself. end_of_retries decides whether it may go on.
struct Retrying {
  int failures = 1;       // so far
  milliseconds pause{0};  // before the next retry, if it says so
  bool forever = false;   // it waits without end for something to change
};

/// Why there is no answer; while judging a call also that there is one (Outcome::answered).
struct Failure {
  Outcome outcome = Outcome::internal;
  std::string message;                      // one line in the backend's own words
  std::optional<milliseconds> retry_after;  // from now
  std::optional<milliseconds> retry_at;     // or as a point in time: wall clock, since the epoch
  std::string_view limit = {};              // the setting whose time limit was reached: "timeout"
  std::string hint = {};                    // what to do about it, if the outcome alone does not determine that
  std::optional<Retrying> retrying = {};    // set while the backend is still retrying
  bool is_callers_own = false;              // the request itself is wrong: no other candidate could do better
  bool is_recognised = true;                // false: only that it failed is known, or the class of its status
  std::string evidence = {};                // what it was recognised by: a pattern, an error code or a status
  std::string last_lines = {};              // of the output, for people, if it was not recognised
  std::optional<std::int64_t> status = {};  // the HTTP status that it states
  std::optional<Steady> said_at = {};       // when `retry_after` began to count; nothing: now
};

/// One thing that a person can do about an outcome. A row is used only if all its placeholders have a value: {name} of
/// the backend, {command} that runs it, {login} its variables, {model} and {session} of the request, {limit} the
/// setting whose time limit was reached, {wait} until the next call is allowed.
struct Hint {
  Outcome outcome;
  std::string_view text;
  std::string_view notice = {};  // the same for a notification, in a few words; empty: the text, as a sentence
};
/// The notice of a hint with {login}: the variables have paths, which other people may not see.
inline constexpr std::string_view kLoginNotice = "Run delegate ping {name}: it says how to sign in.";

/// The model that a server would be asked for.
struct ModelChoice {
  std::string name;   // empty: not known
  std::string words;  // "asks qwen3:8b, which is loaded"
};

/// What a tool that a backend uses can do. One that is not known may write.
enum class ToolUse { reads, may_write };

/// What has been parsed of the output so far; `read` adds one line at a time.
struct ParsedOutput {
  std::string text;
  std::size_t forgotten = 0;   // bytes of the answer before `text`
  bool complete = false;       // the backend's own end marker was seen
  bool end_announced = false;  // … or the end of the answer, with only bookkeeping to follow
  std::string session_id;
  std::string model;
  Usage usage;
  std::optional<Failure> failure;     // from the backend's structured output
  std::optional<Failure> hopeless;    // `failure` is a retry that cannot succeed in time: what it comes to
  std::vector<std::string> warnings;  // for the person, one line each
  std::vector<std::string> denied;    // tools that it was not allowed to use

  /// What it said about the windows of its login, last. `heard_at` is 0 unless the record itself states it.
  std::optional<QuotaReading> quota;
  std::optional<Steady> quota_heard_at;

  /// Parts of the output that look like records and could not be read. The answer may be one of them, unless its end
  /// itself states the text.
  std::size_t unreadable = 0;
  bool has_long_record = false;  // one of them was not read, because it is longer than kLongestRecord
  bool has_used_tools = false;
  bool may_have_written = false;           // … one of them may write
  bool may_write_unseen = false;           // it is at work, and may change files before it says so
  std::vector<std::string> written_files;  // which those tools have named, as they did; each once
  static constexpr std::size_t kMostFiles = 100;
  void add_written_file(std::string path) {
    const bool is_known = std::find(written_files.begin(), written_files.end(), path) != written_files.end();
    if (!path.empty() && !is_known && written_files.size() < kMostFiles) written_files.push_back(std::move(path));
  }
  bool text_is_stated = false;
  bool text_is_remark = false;             // a tool call followed `text`
  std::string message_id;                  // of the message that `text` is, if its parts come one by one
  std::vector<std::string> message_parts;  // so far
  /// `text` was cut at the model's limit: the warning that says so. Empty: it was not.
  std::string truncation;
  /// What it means if the answer ends without words, if that is known.
  std::optional<Failure> if_empty;

  /// `text` is a prefix of the answer and only grows: it may be streamed at once.
  bool text_grows = false;
  /// The text so far has been streamed: of a long one only the end is kept, from the last words on.
  void forget_streamed();
  bool has_words() const;
  /// Otherwise, what is being written now. It may turn out not to be the answer (a remark before a tool call, a try
  /// that is repeated), so it is only shown to a person who watches. `drafts` counts how many were begun.
  std::string draft;
  int drafts = 0;
  void begin_draft() { draft.clear(), pauses.clear(), cut.clear(), ++drafts; }
  void add_to_draft(std::string_view piece);
  /// For kinds whose answer comes in pieces: what is not in `text` (or the draft) yet, because it may be no part of the
  /// answer, or is the beginning of a character.
  SpokenText spoken;
  std::string cut;
  /// Adds a piece of the answer to `text`, as far as it certainly belongs there.
  void say(std::string_view piece);
  /// No more comes: `text` is complete.
  void end_text();
  /// Of a server's stream: an event that is not complete yet, or lines that are none.
  struct OpenEvent {
    std::string name;
    std::string data;
    std::string body;
    std::string words;             // of its pieces so far: a message may repeat them
    std::size_t words_end = 0;     // of these, without the blanks at the end
    bool is_body_counted = false;  // as one unreadable part, until it can be read
    std::string refusal;
    std::size_t holes = 0;    // behind what seemed to be the end of the answer
    std::size_t objects = 0;  // of JSON that have ended in all of the response so far
  } event;
  /// Of a server's stream: grows with all that shows that it works on the answer.
  std::size_t progress = 0;
  /// For kinds that do not report a repeated try: after how many bytes of `draft` it paused, and when it last wrote
  /// according to its own timestamps.
  std::vector<std::size_t> pauses;
  std::optional<milliseconds> wrote_at;
  /// Of a CLI's own log: a record that is not complete yet, and the purpose of the last request to the service.
  struct OpenLog {
    std::string record;
    std::string role;
  } log;
  /// What it is doing while it writes nothing: "loading qwen3:8b", "using Read". Empty: unknown.
  std::string doing;
  /// Tool calls that have not ended, by id: "using Bash". While there is one, silence is the tool's, not the backend's.
  std::map<std::string, std::string> tools;
  static constexpr std::size_t kMostTools = 1000;  // at a time; what does not end is not kept beyond
  void begin_tool(const std::string& id, const std::string& what, ToolUse use) {
    if (tools.size() < kMostTools || tools.contains(id)) tools[id] = what;
    doing = what;
    has_used_tools = true;
    may_have_written = may_have_written || use == ToolUse::may_write;
  }
  void end_tool(const std::string& id) {
    tools.erase(id);
    doing.clear();
  }
};

/// The output of a call that has ended, for explaining a failure: either of a process or of an HTTP response.
struct RawOutput {
  std::string_view out;  // head and tail
  std::string_view err;
  int exit_code = 0;
  int http_status = 0;
  std::string_view body;
};

/// Where a CLI keeps the id of the account that it is logged in with: a field of a JSON file.
struct AccountField {
  std::string file;     // absolute; may not exist
  std::string pointer;  // RFC 6901
};

/// A login that its vendor may not serve any more: this file is there, and none of the variables is set.
struct DoubtfulLogin {
  std::string file;
  std::vector<std::string> unless;  // in the child's environment
  std::string_view what;            // continues a sentence that begins with the name of the backend
  std::string_view fix;
};

/// Where a CLI's login can be detected on this machine without a call; any one of these is enough.
struct LoginTraces {
  std::vector<std::string> files;      // absolute paths, which may not exist
  std::vector<std::string> variables;  // in the child's environment
  std::optional<DoubtfulLogin> doubtful = {};
};

/// The model that the settings name for a tier; empty: none.
const std::string& tier_setting(const BackendSettings& settings, Tier tier);

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view kind() const = 0;

  /// CLI kinds run an executable on this machine; the others use HTTP.
  virtual bool is_process() const = 0;
  /// What it can do, with these settings. A request that needs more is never sent to it.
  virtual Capabilities capabilities(const BackendSettings&) const = 0;
  /// Does a process print something as soon as it has started? Otherwise it may work in silence until its answer is
  /// there.
  virtual bool announces_start() const { return true; }
  /// Is a call with Access::read_only guaranteed to change nothing? Only then may a call whose answer got lost be
  /// repeated.
  virtual bool enforces_read_only() const { return false; }
  /// Does its output name each tool that it uses before that acts? Otherwise a call that may write has to be taken for
  /// one that has.
  virtual bool reports_tools() const { return false; }
  /// Does its own sandbox keep what a call writes inside of its directory, apart from temporary files?
  virtual bool confines_writes() const { return false; }
  /// Where the calls go, for HTTP kinds, without credentials: for display, and to identify the server to the breaker.
  virtual std::string endpoint(const Task&) const { return {}; }
  /// The program on this machine that would listen at the default address: if it is not installed, a refused connection
  /// is no failure. Empty: a server was configured explicitly.
  virtual std::string_view server_program(const Task&) const { return {}; }

  /// A cheap request whose response `prepare` needs (which models are installed), given the responses so far; nothing
  /// once everything is known. A lookup that fails ends the attempt as a failed call would.
  virtual std::optional<HttpRequest> lookup(const Task&, const std::vector<HttpResult>&) const { return std::nullopt; }

  /// The request that loads the model which `prepare` is going to use. Nothing: it is loaded, or that is unknown.
  virtual std::optional<Load> load(const Task&, const std::vector<HttpResult>& /*lookups*/) const {
    return std::nullopt;
  }

  /// Sets the model that the settings name for a tier; false if they name none, and the default is used.
  virtual bool choose(Task& task, Tier tier) const;

  /// What to run or send, or why that cannot work; nothing has been sent then.
  virtual tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>& lookups) const = 0;

  /// Parses one line of output with its newline (the last may have none). Must accept any bytes.
  virtual void read(ParsedOutput& so_far, const Task& task, Stream stream, std::string_view line) const = 0;

  /// Called once if a process ended by itself with exit code 0, or a response with status 200 was received in full, and
  /// its end marker was not seen: decides whether its output is an answer nevertheless.
  virtual void conclude(ParsedOutput&, const Task&) const {}

  /// Where else the answer of such a process may be, or of one whose output has a part that could not be read, and how
  /// to parse it. `recover` must accept any bytes.
  virtual std::optional<TranscriptFile> transcript(const ParsedOutput&, const Task&) const { return std::nullopt; }
  virtual void recover(ParsedOutput&, std::string_view /*transcript*/) const {}

  /// Where a process that prints nothing may show that it works. Nothing: it keeps no such file, or not yet.
  virtual std::optional<SessionFiles> session_files(const ParsedOutput&, const Task&) const { return std::nullopt; }

  /// Does it report anything about the windows of a login?
  virtual bool reports_quota() const { return false; }
  /// Where a process notes what it hears about the windows of its login, if it prints that nowhere.
  virtual std::optional<SessionFiles> quota_files(const ParsedOutput&, const Task&) const { return std::nullopt; }
  /// What one line of those files says, with its time, if it was written after `since` (wall): earlier ones belong to
  /// other calls. Must accept any bytes.
  virtual std::optional<QuotaReading> quota_of_record(std::string_view /*line*/, milliseconds /*since*/) const {
    return std::nullopt;
  }
  /// What the headers of a response say about them.
  virtual std::optional<QuotaReading> quota_of_headers(std::span<const HttpResult::Header> /*limits*/,
                                                       milliseconds /*now*/) const {
    return std::nullopt;
  }
  /// A way to ask for the windows without a call to a model: a process whose stdin stays open until it has answered.
  /// Nothing: there is none.
  virtual std::optional<ProcessCall> quota_query(const Task&) const { return std::nullopt; }
  /// What its output so far says. Nothing: no answer yet. Empty: it does not know the windows. Must accept any bytes.
  virtual std::optional<QuotaReading> quota_of_answer(std::string_view /*out*/, milliseconds /*now*/) const {
    return std::nullopt;
  }
  /// Nothing: it keeps no id of its account, or uses a key.
  virtual std::optional<AccountField> account_field(const Task&) const { return std::nullopt; }

  /// Is this, which ends without a newline and is an object of JSON at most, the end of a whole document with the
  /// answer?
  virtual bool ends_document(const ParsedOutput&, std::string_view /*last_line*/) const { return false; }

  /// Called if there was neither a complete answer nor a structured error: what does the raw output say? Nothing:
  /// unknown; the way the call ended then decides.
  virtual std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const = 0;

  /// `failure` without what its message repeated of the prompt: the same, unless those words were what it was
  /// recognised by.
  virtual Failure without_echo(Failure failure, std::string message) const {
    failure.message = std::move(message);
    return failure;
  }

  /// How to find the version: a process without input, or a request.
  virtual Call version_call(const Task& task) const = 0;

  /// Empty: a login cannot be detected.
  virtual LoginTraces login_traces(const Task&) const { return {}; }

  /// Variables with keys that the caller has set and that `prepare` does not pass on. Names only, sorted.
  virtual std::vector<std::string> withheld(const Task&) const { return {}; }

  /// Which model `prepare` would use now, for a person: "asks qwen3:8b, which is not loaded yet". Empty: unknown.
  virtual ModelChoice choose_model(const Task&, const std::vector<HttpResult>& /*lookups*/) const { return {}; }

  /// Hints that are specific to this kind; they come before the general ones in core/run/hints.cpp.
  virtual std::span<const Hint> hints() const { return {}; }
};

/// Finds the backend of a kind; null if there is none. The program has one such function, in backends/registry.cpp.
using FindBackend = const Backend* (*)(std::string_view kind);

}  // namespace delegate
