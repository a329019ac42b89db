#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/os/process_facts.hpp"
#include "core/run/engine.hpp"
#include "core/run/request.hpp"

namespace delegate::cli {

inline constexpr std::size_t kMaxRequest = std::size_t{64} << 20;  // bytes: prompt, files and stdin together

/// What is to be asked, as a command line or a tool call states it: typed, but not checked.
struct RequestInput {
  enum class Stdin { read, ignore };

  std::optional<std::string> prompt;  // absent: it comes from stdin
  Stdin standard_input = Stdin::read;
  std::vector<std::string> files;
  std::vector<Material> attached = {};  // files that the caller has read itself
  std::string system = {};
  std::string backend{kAuto};
  std::string model = {};
  std::optional<Tier> tier;
  std::optional<TaskType> type;
  std::string session = {};
  bool continue_session = false;
  std::string cwd = {};  // relative to the working directory; empty: the working directory
  Access access = Access::read_only;
  bool continue_writing = false;
  std::optional<Isolation> isolation = {};
  std::optional<milliseconds> timeout;
  std::optional<milliseconds> slot_wait;
  std::optional<bool> fallback;
  Streaming streaming = Streaming::none;
};

/// How errors name the request and its fields: `ask: --backend: …` for a command line, `backend: …` for a tool call.
struct FieldNames {
  std::string command = {};  // empty: none
  bool are_options = false;

  static FieldNames options_of(std::string command) { return {std::move(command), true}; }

  std::string option(const std::string& field) const { return (are_options ? "--" : "") + field; }
  tl::unexpected<Error> fail(Code code, const std::string& what, std::string hint = {}) const {
    return delegate::fail(code, (command.empty() ? "" : command + ": ") + what, std::move(hint));
  }
  /// What the person or agent can correct.
  tl::unexpected<Error> usage(const std::string& what, std::string hint = {}) const {
    return fail(Code::invalid_argument, what, std::move(hint));
  }
  tl::unexpected<Error> usage_of(const std::string& field, const std::string& what, std::string hint = {}) const {
    return usage(option(field) + ": " + what, std::move(hint));
  }
};

/// "small", "medium", "large"; nothing for any other text.
std::optional<Tier> tier_named(std::string_view name);

/// Makes the request of `ask`, of `submit` and of the MCP tool.
class RequestBuilder {
 public:
  using Notify = std::function<void(const std::string& line)>;

  /// `notify` gets lines for the person who waits while stdin or a file is read.
  RequestBuilder(const ProcessFacts& process, const Config& config, FieldNames names, Notify notify = {});

  /// Checks the input, and reads stdin and files. Code::cancelled: interrupted meanwhile.
  Result<Request> build(const RequestInput& input) const;

  /// Finds the session to continue, and which backend it belongs to. A step of its own because it needs the history:
  /// the store is not open while stdin is read.
  Status resolve_session(const RequestInput& input, const Engine& engine, Request& request) const;

 private:
  class PromptReader;

  Status read_names(const RequestInput& input, Request& request) const;
  Status check_access(const RequestInput& input, Request& request) const;
  Status read_directory(const RequestInput& input, Request& request) const;
  Status read_prompt(const RequestInput& input, Request& request) const;
  Status continue_latest(const Engine& engine, Request& request) const;
  Status find_owner(const Engine& engine, Request& request) const;

  const ProcessFacts& process_;
  const Config& config_;
  FieldNames names_;
  Notify notify_;
};

/// A backend that is not in the configuration, with a suggestion. `where` is what names it: a command or an option.
enum class AutoBackend { allowed, not_allowed };
Error unknown_backend(const std::string& where, const Config& config, const std::string& name,
                      AutoBackend automatic = AutoBackend::not_allowed);

}  // namespace delegate::cli
