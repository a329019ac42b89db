#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/context.hpp"
#include "core/run/engine.hpp"

// What `backends` and `ping` share: a table of backends that were looked at.
namespace delegate::cli {

/// One backend in their table.
struct CheckRow {
  std::string name;
  std::string kind;
  std::string path;
  std::string state;  // "installed", "not installed", "disabled", "answers", …
  std::string detail;
  std::string hint;
  std::optional<milliseconds> took;
};

/// What is known before anything is started.
CheckRow row_of(const Engine& engine, const std::string& name, const BackendSettings& settings);

/// A server turns out to be absent only when it is called; a command that was found and cannot be started is broken.
bool is_absent(const Candidate& candidate, Outcome outcome);

/// The exit code is that of Output::answer.
int print_rows(const CommandContext& context, const std::vector<CheckRow>& rows, const char* schema);

}  // namespace delegate::cli
