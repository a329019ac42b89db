#include "core/notify/terminal_channel.hpp"

#include <unistd.h>

#include "core/notify/terminal_sequence.hpp"
#include "core/os/terminal_write.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kPatience{1'000};

/// In one piece, so that it is not torn by what others write.
Result<Told> show(const ProcessFacts& process, const desktop::TerminalSequence& sequence) {
  const Status shown = write_to_terminal(process.err, sequence.bytes, kPatience);
  if (shown) return Told{.took = true, .detail = std::string(sequence.form)};
  if (shown.error().code == Code::closed) return Told{.detail = shown.error().what};
  return tl::unexpected(shown.error());
}

/// Terminals that know it show one notification for an id. A backend's news take the place of its last: that is over.
/// Of several nothing is replaced, since part of it may go on; no backend's name begins with a dash.
std::string id_of(const Announcement& announcement) {
  const NotificationRows& rows = announcement.rows;
  if (rows.empty()) return "delegate";
  return "delegate-" + (rows.size() == 1 ? rows[0].subject : "-" + std::to_string(rows[0].id));
}

}  // namespace

Channel terminal_channel(const ProcessFacts& process) {
  const auto tell = [&process](const Announcement& announcement) -> Result<Told> {
    const desktop::TerminalFacts facts{process.environment, ::isatty(process.err) == 1};
    const auto sequence =
        desktop::terminal_sequence(facts, {announcement.words.title, announcement.words.message, id_of(announcement)});
    if (sequence.form.empty()) return Told{.detail = "stderr is no terminal that could show it"};
    return show(process, sequence);
  };
  return {"terminal", tell};
}

}  // namespace delegate::notify
