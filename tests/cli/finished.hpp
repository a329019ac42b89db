#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace delegate::test {

using Json = nlohmann::ordered_json;

/// How one process of the program ended, and its output. Every check shows the command and both streams when it fails.
struct Finished {
  std::string command;
  int exit_code = 0;  // minus the signal's number if a signal killed it
  std::string out;
  std::string err;

  const Finished& expect(int code) const;
  const Finished& stdout_is(std::string_view text) const;
  const Finished& stdout_has(std::string_view text) const;
  const Finished& stdout_lacks(std::string_view text) const;
  const Finished& stderr_is(std::string_view text) const;
  const Finished& stderr_has(std::string_view text) const;
  const Finished& stderr_lacks(std::string_view text) const;
  const Finished& stderr_begins(std::string_view text) const;
  /// stderr has exactly this many lines.
  const Finished& stderr_lines(std::size_t count) const;
  /// stdout as one JSON object on one line.
  Json json() const;

  std::vector<std::string> out_lines() const;
  std::vector<std::string> err_lines() const;
};

}  // namespace delegate::test
