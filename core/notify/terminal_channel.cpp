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

/// What is asked, as one line of numbers and words: a pane that is not visible is behind another window, or beside one
/// that is zoomed.
constexpr const char* kTmuxQuestion =
    "#{version};#{allow-passthrough};#{session_attached};"
    "#{?window_zoomed_flag,#{&&:#{pane_active},#{window_active_clients}},#{window_active_clients}}";

/// Before version 3.3 tmux had no option allow-passthrough and passed on all that a visible pane writes; with `all` it
/// does so for those that are not visible.
std::optional<bool> passes_on(std::string_view reply) {
  const std::vector<std::string_view> fields = split(trim(reply), ';');
  if (fields.size() != 4 || fields[0].empty()) return std::nullopt;
  const bool is_allowed = fields[1] != "0" && fields[1] != "off";
  const std::string_view viewers = fields[1] == "all" ? fields[2] : fields[3];
  if (viewers.empty()) return std::nullopt;  // before version 3.1
  return is_allowed && viewers != "0";
}

/// Asks the tmux of this pane.
std::optional<bool> tmux_passes_on(const ProcessFacts& process) {
  const auto tmux = find_executable("tmux", process.variable("PATH"));
  if (!tmux || process.variable("TMUX").empty()) return std::nullopt;
  ChildSpec spec{.argv = {*tmux, "display-message", "-p"}, .env = process.variables()};
  if (const std::string pane = process.variable("TMUX_PANE"); !pane.empty())
    spec.argv.insert(spec.argv.end(), {"-t", pane});
  spec.argv.emplace_back(kTmuxQuestion);
  spec.clocks.total = Deadline::in(kTmuxTimeout);
  std::string reply;
  const auto ended = run_child(spec, process.interrupted, [&](Stream stream, std::string_view bytes) {
    if (stream == Stream::out && reply.size() < kLongestReply) reply += bytes;
    return Flow::go_on;
  });
  const bool is_answer = ended && ended->end == ChildEnd::exited && ended->exit_code == 0;
  return is_answer ? passes_on(reply) : std::nullopt;
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
    const auto sequence = desktop::terminal_sequence(
        facts, {announcement.text.title, in_one_line(announcement.text.message), tag_of(announcement)});
    if (sequence.form.empty()) return ChannelResult{.detail = "stderr is not a terminal that can show it"};
    return show(process, sequence);
  };
  return {.name = "terminal", .deliver = deliver, .may_deliver = !desktop::terminal_sequence(known, {}).form.empty()};
}

}  // namespace delegate::notify
