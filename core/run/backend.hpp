#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config.hpp"
#include "core/health/outcome.hpp"
#include "core/os/child.hpp"
#include "core/os/http.hpp"
#include "core/state/ledger.hpp"

// What a way of talking to a model must provide. Everything here is pure: a backend says what to run or send, reads
// what comes back, and explains a failure. Running, clocks, breakers and fallback are core/run's.
namespace delegate {

using Environment = std::map<std::string, std::string>;

enum class Access { read_only, write };

/// How much of a model a task deserves; what that is at each backend is in its settings.
enum class Tier { small, medium, large };

/// One call at one backend, with all that is known before it.
struct Task {
  std::string prompt;
  std::string system;   // empty: none
  std::string model;    // empty: the backend's own default
  std::string session;  // resume this one; empty: a new one
  std::string cwd;
  Access access = Access::read_only;
  std::string effort;              // how hard it thinks, for kinds that have such words; empty: its default
  std::optional<Tier> local_size;  // of the model to choose among those that are there
  bool watched = false;            // someone reads along: ask for drafts where they are an extra
  BackendSettings settings;
  std::string executable;   // absolute, for CLI kinds; of a server_program, empty when it is not installed
  Environment environment;  // the caller's
  Environment login;        // what a login adds to the child's environment
};

/// A private file that a CLI must find on disk (never the prompt, unless its kind takes it no other way). The runner
/// writes it 0600, puts its path wherever `placeholder` stands in argv or env, and removes it afterwards.
struct PrivateFile {
  std::string placeholder;
  std::string content;
};

struct ProcessCall {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string input;
  std::vector<PrivateFile> files;
  /// Stands in argv or env for a private directory that is removed with all it holds; empty: none is needed.
  std::string directory_placeholder;
  /// The arguments for the case that there is no such directory. Empty: it cannot do without.
  std::vector<std::string> argv_without_directory = {};
};
using Call = std::variant<ProcessCall, HttpRequest>;

/// A request that ends, with status 200, when the server has this model ready.
struct Load {
  HttpRequest request;
  std::string model;  // its name, for showing
};

/// A file in which a CLI keeps what it says, for the case that its output is lost.
struct TranscriptFile {
  std::string directory;  // absolute; empty: the call's private directory
  std::string name;       // in it, or in one of the directories that stand in it
};

/// A backend tries again by itself. It only tells; whether that may go on is decided in core/run/retries.
struct Retrying {
  int failures = 1;       // so far
  milliseconds pause{0};  // before the next try, as far as it says
  bool for_ever = false;  // it waits until something changes
};

/// Why there is no answer, as far as the backend can tell.
struct Failure {
  Outcome outcome = Outcome::internal;
  std::string message;                      // one line in the backend's own words
  std::optional<milliseconds> retry_after;  // from now
  std::optional<milliseconds> retry_at;     // or as a time: wall, since the epoch
  std::string_view limit = {};              // the key of the backend whose time was over: "timeout"
  std::string hint = {};                  // what to do about this very trouble, where its outcome alone does not say it
  std::optional<Retrying> retrying = {};  // it is not over yet: the backend goes on
};

/// One thing that a person can do about an outcome. Placeholders, each filled in or the row passed over: {name} of the
/// backend, {command} that runs it, {model} and {session} that were asked for, {limit} the key of the time that was
/// over, {wait} until it may be asked again.
struct Hint {
  Outcome outcome;
  std::string_view text;
  std::string_view unseen_key = {};  // said only when this variable is set, and kept from the backend
};

/// What has been understood of the output so far; `read` folds lines into it.
struct ParsedOutput {
  std::string text;
  bool complete = false;       // the backend's own record of the end was seen
  bool end_announced = false;  // … or the last word of the answer, after which there is only bookkeeping
  std::string session_id;
  std::string model;
  Usage usage;
  std::optional<Failure> failure;     // from the backend's structured output
  std::vector<std::string> warnings;  // for the person, one line each
  std::vector<std::string> denied;    // tools that it was refused

  /// `text` is the answer as far as it has come and only grows: it may be handed on at once.
  bool text_grows = false;
  /// Else, what is being written now. It may turn out not to be the answer (a remark before a tool is used, a try that
  /// is repeated), so it is for the eyes of a person and nothing else. `drafts` counts how many were begun.
  std::string draft;
  int drafts = 0;
  void begin_draft() { draft.clear(), pauses.clear(), ++drafts; }
  /// For kinds that do not say when a try is repeated: after how many bytes of `draft` it paused, and when it last
  /// wrote, by its own time stamps.
  std::vector<std::size_t> pauses;
  std::optional<milliseconds> wrote_at;
  /// What it is busy with while it writes nothing: "loading qwen3:8b", "using Read". Empty: it has not said.
  std::string doing;
  /// The tools that were begun and have not ended, each by its id: "using Bash". While there is one, silence is its.
  std::map<std::string, std::string> tools;
  void begin_tool(const std::string& id, const std::string& what) { tools[id] = doing = what; }
  void end_tool(const std::string& id) {
    tools.erase(id);
    doing.clear();
  }
};

/// What was left when the call had ended, for explaining a failure. Of a process or of an HTTP answer, not of both.
struct RawOutput {
  std::string_view out;  // head and tail
  std::string_view err;
  int exit_code = 0;
  int http_status = 0;
  std::string_view body;
};

/// Where a login of a CLI can be seen on this machine without a call; each of these is one.
struct LoginTraces {
  std::vector<std::string> files;      // absolute, there or not
  std::vector<std::string> variables;  // of the child
};

/// What the settings name for a tier; empty: nothing.
const std::string& tier_setting(const BackendSettings& settings, Tier tier);

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view kind() const = 0;

  /// CLI kinds run an executable of this machine; the others speak HTTP.
  virtual bool is_process() const = 0;
  /// Does a call with Access::read_only certainly change nothing? Only then may a call whose answer got lost be
  /// repeated.
  virtual bool enforces_read_only() const { return false; }
  /// Where the calls go, for HTTP kinds, without credentials: shown, and what the breaker's verdicts are about.
  virtual std::string endpoint(const Task&) const { return {}; }
  /// The program of this machine that would listen there, where nobody has named another place: when it is not
  /// installed, nobody listening is no failure. Empty: somebody has said that there is a server.
  virtual std::string_view server_program(const Task&) const { return {}; }

  /// A cheap question whose answer `prepare` needs (which models are installed), given the answers so far; nothing when
  /// all is known. A lookup that fails ends the attempt as a call would.
  virtual std::optional<HttpRequest> lookup(const Task&, const std::vector<HttpResult>&) const { return std::nullopt; }

  /// What makes the model ready that `prepare` is going to ask. Nothing: it is, or nobody can tell.
  virtual std::optional<Load> load(const Task&, const std::vector<HttpResult>& /*lookups*/) const {
    return std::nullopt;
  }

  /// Sets what the task's settings name for a tier; false when they name nothing, and its default is used.
  virtual bool choose(Task& task, Tier tier) const;

  /// What to run or send. A Failure instead: it cannot work, and nothing was spent.
  virtual tl::expected<Call, Failure> prepare(const Task& task, const std::vector<HttpResult>& lookups) const = 0;

  /// One line of output with its newline (the last may have none). Must take anything.
  virtual void read(ParsedOutput& so_far, const Task& task, Stream stream, std::string_view line) const = 0;

  /// Called once when a process ended by itself with exit code 0 and the record of its end was not seen: is what it
  /// wrote an answer all the same?
  virtual void conclude(ParsedOutput&, const Task&) const {}

  /// Where else the answer of such a process may be, and what is read there. `recover` must take anything.
  virtual std::optional<TranscriptFile> transcript(const ParsedOutput&, const Task&) const { return std::nullopt; }
  virtual void recover(ParsedOutput&, std::string_view /*transcript*/) const {}

  /// Called when there was no complete answer and no structured problem: what do the remains say? Nothing: unknown,
  /// and the way it ended decides.
  virtual std::optional<Failure> explain(const ParsedOutput& parsed, const Task& task, const RawOutput& raw) const = 0;

  /// How to ask for the version: a process with no input, or a request.
  virtual Call version_call(const Task& task) const = 0;

  /// Empty: nobody can tell.
  virtual LoginTraces login_traces(const Task&) const { return {}; }

  /// Which model `prepare` would ask now, for a person: "asks qwen3:8b, which is not loaded yet". Empty: nobody can
  /// tell.
  virtual std::string describe_model(const Task&, const std::vector<HttpResult>& /*lookups*/) const { return {}; }

  /// What to do about outcomes in the words of this kind, before the general ones of core/run/hints.
  virtual std::span<const Hint> hints() const { return {}; }
};

/// Finds the backend of a kind; null when there is none. The program has one such function, in backends/registry.
using FindBackend = const Backend* (*)(std::string_view kind);

}  // namespace delegate
