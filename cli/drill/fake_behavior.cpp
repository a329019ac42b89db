#include "cli/drill/fake_behavior.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <thread>

#include "core/base/deadline.hpp"
#include "core/os/fd.hpp"

namespace delegate::cli::drill {
namespace {

constexpr std::array<std::string_view, 5> kNames{"healthy", "waits", "server_error", "hangs", "signed_out"};
constexpr milliseconds kPollInterval{3};
constexpr std::size_t kLongestFile = 64u << 10;

}  // namespace

std::string_view to_string(FakeBehavior behavior) { return kNames[static_cast<std::size_t>(behavior)]; }

std::optional<FakeBehavior> behavior_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<FakeBehavior>(i);
  return std::nullopt;
}

std::string answer_of(const std::string& name, const std::string& prompt) { return name + " received: " + prompt; }

tl::unexpected<Error> not_in_drill() {
  return fail(Code::invalid_argument, "stand-in: works only inside a drill", "see `delegate drill`");
}

std::optional<FakeBehavior> Part::behavior() const { return behavior_named(read(kBehaviorFile)); }

std::string Part::read(const char* file) const {
  return read_file(directory_ / file, kLongestFile).value_or(std::string());
}

Status Part::note_start() const {
  const Path file = directory_ / kStartsFile;
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) return fail_errno("write " + file.string(), errno);
  return write_all(fd.get(), "start\n");
}

void Part::wait_for_release() const {
  const Deadline longest = Deadline::in(kLongestStep);
  std::error_code not_there;
  while (!std::filesystem::exists(directory_ / kGoFile, not_there) && !longest.passed())
    std::this_thread::sleep_for(kPollInterval);
}

}  // namespace delegate::cli::drill
