#include "cli/drill/mood.hpp"

#include <fcntl.h>

#include <array>
#include <thread>

#include "core/base/deadline.hpp"
#include "core/base/text.hpp"
#include "core/os/fd.hpp"

namespace delegate::cli::drill {
namespace {

constexpr std::array<std::string_view, 5> kNames{"well", "waits", "sick", "silent", "signed_out"};
constexpr milliseconds kLookAgain{3};
constexpr std::size_t kLongestFile = 64u << 10;

}  // namespace

std::string_view to_string(Mood mood) { return kNames[static_cast<std::size_t>(mood)]; }

std::optional<Mood> mood_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Mood>(i);
  return std::nullopt;
}

std::string answer_of(const std::string& name, const std::string& prompt) { return name + " was asked: " + prompt; }

tl::unexpected<Error> no_drill_here() {
  return fail(Code::invalid_argument, "stand-in: this is a part in a drill, and no drill is here",
              "see `delegate drill`");
}

std::optional<Mood> Part::mood() const { return mood_named(read(kMoodFile)); }

std::string Part::read(const char* file) const {
  return read_file(directory_ / file, kLongestFile).value_or(std::string());
}

Status Part::note_start() const {
  const Path file = directory_ / kStartsFile;
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return fail_errno("write " + file.string(), errno);
  return write_all(fd.get(), "start\n");
}

void Part::wait_to_be_let_go() const {
  const Deadline patience = Deadline::in(kLongestWait);
  std::error_code not_there;
  while (!std::filesystem::exists(directory_ / kGoFile, not_there) && !patience.passed())
    std::this_thread::sleep_for(kLookAgain);
}

}  // namespace delegate::cli::drill
