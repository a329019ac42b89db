#include "cli/notify/terminal_channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "cli/desktop/terminal_sequence.hpp"
#include "core/os/errno_code.hpp"
#include "core/os/fd.hpp"

namespace delegate::cli {
namespace {

constexpr int kPatienceMs = 1'000;

/// In one write, so that it is not torn by what others write; and never for long: a terminal that was stopped (Ctrl-S)
/// takes nothing. Opened anew, because non-blocking is a property that others of this terminal would share.
Result<Told> show(const World& world, const desktop::TerminalSequence& sequence) {
  const std::string name = "/proc/self/fd/" + std::to_string(world.err);
  const Fd terminal(::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!terminal) return Told{.detail = "the terminal has gone away"};
  pollfd room{terminal.get(), POLLOUT, 0};
  if (::poll(&room, 1, kPatienceMs) == 0) return fail(Code::unavailable, "the terminal takes nothing");
  const ssize_t count = ::write(terminal.get(), sequence.bytes.data(), sequence.bytes.size());
  if (count == static_cast<ssize_t>(sequence.bytes.size()))
    return Told{.took = true, .detail = std::string(sequence.form)};
  if (count < 0 && errno == EIO) return Told{.detail = "the terminal has gone away"};
  if (count < 0) return fail_errno("the terminal", errno);
  return fail(Code::deadline_exceeded, "the terminal took only a part of it");
}

}  // namespace

Channel terminal_channel(const World& world) {
  const auto tell = [&world](const Announcement& announcement) -> Result<Told> {
    const desktop::TerminalFacts facts{world.environment, ::isatty(world.err) == 1};
    const auto sequence = desktop::terminal_sequence(facts, {announcement.words.title, announcement.words.message});
    if (sequence.form.empty()) return Told{.detail = "stderr is no terminal that could show it"};
    return show(world, sequence);
  };
  return {"terminal", tell};
}

}  // namespace delegate::cli
