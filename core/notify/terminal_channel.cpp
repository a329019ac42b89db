#include "core/notify/terminal_channel.hpp"

#include "core/base/text.hpp"
#include "core/notify/terminal_sequence.hpp"
#include "core/os/child.hpp"
#include "core/os/process.hpp"
#include "core/os/terminal.hpp"

namespace delegate::notify {
namespace {

constexpr milliseconds kWriteTimeout{1'000};
constexpr milliseconds kTmuxTimeout{2'000};
static_assert(kWriteTimeout + kTmuxTimeout <= kLongestTerminal);
constexpr std::size_t kLongestReply = 200;

/// Asks the tmux of this pane for allow-passthrough. Before version 3.3 it had no such option and passed everything on.
std::optional<bool> tmux_passes_on(const ProcessFacts& process) {
  const auto tmux = find_executable("tmux", process.variable("PATH"));
  if (!tmux || process.variable("TMUX").empty()) return std::nullopt;
  ChildSpec spec{.argv = {*tmux, "display-message", "-p"}, .env = process.variables()};
  if (const std::string pane = process.variable("TMUX_PANE"); !pane.empty())
    spec.argv.insert(spec.argv.end(), {"-t", pane});
  spec.argv.emplace_back("#{version};#{allow-passthrough}");
  spec.clocks.total = Deadline::in(kTmuxTimeout);
  std::string reply;
  const auto ended = run_child(spec, process.interrupted, [&](Stream stream, std::string_view bytes) {
    if (stream == Stream::out && reply.size() < kLongestReply) reply += bytes;
    return Flow::go_on;
  });
  const std::size_t semicolon = reply.find(';');
  const bool is_answer = ended && ended->end == ChildEnd::exited && ended->exit_code == 0;
  if (!is_answer || semicolon == std::string::npos || semicolon == 0) return std::nullopt;
  const std::string_view value = trim(std::string_view(reply).substr(semicolon + 1));
  return value != "0" && value != "off";
}

/// Written in one piece, so that other output cannot split it.
Result<ChannelResult> show(const ProcessFacts& process, const desktop::TerminalSequence& sequence) {
  const Status shown = write_to_terminal(process.err, sequence.bytes, kWriteTimeout);
  if (shown) return ChannelResult{.accepted = true, .detail = std::string(sequence.form)};
  if (shown.error().code == Code::closed) return ChannelResult{.detail = shown.error().what};
  return tl::unexpected(shown.error());
}

}  // namespace

Channel terminal_channel(const ProcessFacts& process) {
  const desktop::TerminalFacts known{.environment = process.environment, .is_terminal = is_terminal(process.err)};
  const auto deliver = [&process, known](const Announcement& announcement) -> Result<ChannelResult> {
    desktop::TerminalFacts facts = known;
    if (facts.is_terminal && desktop::is_in_tmux(facts)) facts.tmux_passes_on = tmux_passes_on(process);
    const auto sequence =
        desktop::terminal_sequence(facts, {announcement.text.title, announcement.text.message, tag_of(announcement)});
    if (sequence.form.empty()) return ChannelResult{.detail = "stderr is not a terminal that can show it"};
    return show(process, sequence);
  };
  return {.name = "terminal", .deliver = deliver, .may_deliver = !desktop::terminal_sequence(known, {}).form.empty()};
}

}  // namespace delegate::notify
