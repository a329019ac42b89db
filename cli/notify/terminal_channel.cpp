#include "cli/notify/terminal_channel.hpp"

#include <unistd.h>

#include "cli/desktop/terminal_sequence.hpp"
#include "core/os/file.hpp"

namespace delegate::cli {

Channel terminal_channel(const World& world) {
  const auto tell = [&world](const Announcement& announcement) -> Result<Told> {
    const desktop::TerminalFacts facts{world.environment, ::isatty(world.err) == 1};
    const auto sequence = desktop::terminal_sequence(facts, {announcement.words.title, announcement.words.message});
    if (sequence.form.empty()) return Told{.detail = "stderr is no terminal that could show it"};
    TRY_STATUS(write_all(world.err, sequence.bytes));
    return Told{.took = true, .detail = std::string(sequence.form)};
  };
  return {"terminal", tell};
}

}  // namespace delegate::cli
