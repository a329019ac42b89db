#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/os/file.hpp"

// What the drill and its stand-ins agree on: a stand-in's part is a private directory with these files.
namespace delegate::cli::drill {

/// How a stand-in behaves. It looks at each start, and at each request.
enum class Mood {
  well,
  waits,       // is well, but answers only when it is let go
  sick,        // fails as the real one does when its service has an internal error
  silent,      // begins, and then says nothing more
  signed_out,  // its sign-in is refused
};
std::string_view to_string(Mood mood);
std::optional<Mood> mood_named(std::string_view name);

/// Files of a part.
inline constexpr const char* kMoodFile = "mood";
inline constexpr const char* kNameFile = "name";      // of the backend that it plays
inline constexpr const char* kModelFile = "model";    // that a server offers
inline constexpr const char* kAnswerFile = "answer";  // kind command: where its answer is looked for
inline constexpr const char* kPromptFile = "prompt";  // kind command: how the prompt comes
inline constexpr const char* kStartsFile = "starts";  // a line for each call that reached it
inline constexpr const char* kGoFile = "go";          // it is let go

/// The word by which the drill starts its server; the other kinds are those of backends.
inline constexpr const char* kServerKind = "server";

/// What a stand-in that is well answers: proof of who was asked what.
std::string answer_of(const std::string& name, const std::string& prompt);

/// A part as a stand-in sees it.
class Part {
 public:
  explicit Part(Path directory) : directory_(std::move(directory)) {}

  /// Nothing: this is no part of a drill.
  std::optional<Mood> mood() const;
  /// A file's content; empty when there is none.
  std::string read(const char* file) const;
  /// Counts one call. One write of a few bytes: any number may do so at the same time.
  Status note_start() const;
  /// Until it is let go; not for ever, so that nothing is left of a drill that was killed.
  void wait_to_be_let_go() const;

 private:
  Path directory_;
};

/// A stand-in that was started by somebody else.
tl::unexpected<Error> no_drill_here();

/// Longer than any step of a drill takes: whoever waits for one of its files gives up then.
inline constexpr std::chrono::minutes kLongestWait{2};

}  // namespace delegate::cli::drill
