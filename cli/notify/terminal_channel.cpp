#include "cli/notify/terminal_channel.hpp"

#include <unistd.h>

#include "cli/desktop/terminal_sequence.hpp"
#include "core/os/terminal_write.hpp"

namespace delegate::cli {
namespace {

constexpr milliseconds kPatience{1'000};

/// In one piece, so that it is not torn by what others write.
Result<Told> show(const World& world, const desktop::TerminalSequence& sequence) {
  const Status shown = write_to_terminal(world.err, sequence.bytes, kPatience);
  if (shown) return Told{.took = true, .detail = std::string(sequence.form)};
  if (shown.error().code == Code::closed) return Told{.detail = shown.error().what};
  return tl::unexpected(shown.error());
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
