#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/os/file.hpp"

// The protocol between the drill and its fake backends: each has a private directory (its part) with these files.
namespace delegate::cli::drill {

/// How a fake backend behaves. It reads this at each start and at each request.
enum class FakeBehavior {
  healthy,
  waits,         // healthy, but answers only after a release
  server_error,  // fails like the real one during an internal error of its service
  hangs,         // begins, then sends no more output
  signed_out,    // its sign-in is rejected
};
std::string_view to_string(FakeBehavior behavior);
std::optional<FakeBehavior> behavior_named(std::string_view name);

/// Files of a part.
inline constexpr const char* kBehaviorFile = "behavior";
inline constexpr const char* kNameFile = "name";      // of the backend that it imitates
inline constexpr const char* kModelFile = "model";    // that a server offers
inline constexpr const char* kAnswerFile = "answer";  // kind command: where the answer is expected
inline constexpr const char* kPromptFile = "prompt";  // kind command: how the prompt is passed
inline constexpr const char* kStartsFile = "starts";  // one line for each call that reached it
inline constexpr const char* kGoFile = "go";          // its existence releases it

/// The kind argument of the fake server; the other kinds are those of backends.
inline constexpr const char* kServerKind = "server";

/// The answer of a healthy fake backend: it proves which backend received which prompt.
std::string answer_of(const std::string& name, const std::string& prompt);

/// A part, as its fake backend reads it.
class Part {
 public:
  explicit Part(Path directory) : directory_(std::move(directory)) {}

  /// Nothing if the directory is not part of a drill.
  std::optional<FakeBehavior> behavior() const;
  /// The content of a file; empty if there is none.
  std::string read(const char* file) const;
  /// Counts one call, in one short write, so that concurrent calls do not interfere.
  Status note_start() const;
  /// Waits for the release; not forever, so that no process survives a drill that was killed.
  void wait_for_release() const;

 private:
  Path directory_;
};

/// The error of a fake backend that was not started by a drill.
tl::unexpected<Error> not_in_drill();

/// Longer than any step of a drill; waiting for a file of the drill ends then.
inline constexpr std::chrono::minutes kLongestStep{2};

}  // namespace delegate::cli::drill
