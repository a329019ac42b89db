#include "core/notify/terminal_sequence.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/environment.hpp"
#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::size_t kTitleLength = 80;
constexpr std::size_t kTextLength = 300;
constexpr std::size_t kLongestId = 80;
constexpr std::string_view kBell = "\a";
constexpr std::string_view kEnd = "\x1B\\";  // ST

enum class Form { bell, osc9, osc777, osc99 };
constexpr std::array<std::string_view, 4> kForms{"bell", "osc9", "osc777", "osc99"};  // in the order of Form

enum class Within { nothing, tmux, screen, unknown };

/// What identifies a terminal: a variable, and how its value begins.
struct Mark {
  const char* variable;
  std::string_view begins;
  Form form;
  bool is_certain = true;  // false: some that set it lack the form, or it may be left over from another terminal
};

/// TERM comes first: every terminal sets it at start, and ssh passes it on. Then variables with the name of a terminal,
/// then those that are merely present. Terminals without any sequence have a row as well, so that variables leaked from
/// the terminal that started them do not count. Windows Terminal uses OSC 9 for a progress bar.
constexpr Mark kMarks[] = {
    {"TERM", "xterm-kitty", Form::osc99},
    {"TERM", "xterm-ghostty", Form::osc777},
    {"TERM", "foot", Form::osc777},
    {"TERM", "wezterm", Form::osc777},
    {"TERM", "rxvt-unicode", Form::osc777},
    {"TERM", "alacritty", Form::bell},
    {"TERM", "linux", Form::bell},
    {"XTERM_VERSION", "", Form::bell},
    {"VTE_VERSION", "", Form::osc777, false},  // shown by Fedora's and Ubuntu's, ignored by the others
    {"KONSOLE_VERSION", "", Form::bell},
    {"TERM_PROGRAM", "iTerm.app", Form::osc9},
    {"TERM_PROGRAM", "WezTerm", Form::osc777},
    {"TERM_PROGRAM", "ghostty", Form::osc777},
    {"TERM_PROGRAM", "WarpTerminal", Form::osc9},
    {"TERM_PROGRAM", "vscode", Form::bell},
    {"TERM_PROGRAM", "Apple_Terminal", Form::bell},
    {"LC_TERMINAL", "iTerm2", Form::osc9},
    {"WT_SESSION", "", Form::bell},
    {"KITTY_WINDOW_ID", "", Form::osc99, false},
    {"WEZTERM_PANE", "", Form::osc777, false},
    {"ITERM_SESSION_ID", "", Form::osc9, false},
    {"GHOSTTY_RESOURCES_DIR", "", Form::osc777, false},
    {"ALACRITTY_WINDOW_ID", "", Form::bell},
};

bool matches(const TerminalFacts& facts, const Mark& mark) {
  const std::string value = variable_in(facts.environment, mark.variable);
  return !value.empty() && std::string_view(value).starts_with(mark.begins);
}

struct Guess {
  Form form = Form::bell;
  bool is_certain = false;
};

Guess guess(const TerminalFacts& facts) {
  std::vector<Mark> found;
  for (const Mark& mark : kMarks)
    if (matches(facts, mark)) found.push_back(mark);
  if (found.empty()) return {};
  const Mark& first = found.front();
  const bool agree = std::all_of(found.begin(), found.end(), [&](const Mark& mark) { return mark.form == first.form; });
  return {first.form, first.is_certain && agree};
}

/// Of a session on another machine only TERM has come along. "screen" is what tmux calls itself, too.
Within within(const TerminalFacts& facts) {
  if (!variable_in(facts.environment, "TMUX").empty()) return Within::tmux;
  if (!variable_in(facts.environment, "STY").empty()) return Within::screen;
  const std::string term = variable_in(facts.environment, "TERM");
  if (term.starts_with("tmux")) return Within::tmux;
  if (term.starts_with("screen") || !variable_in(facts.environment, "ZELLIJ").empty()) return Within::unknown;
  return Within::nothing;
}

/// OSC 9 followed by digits is a command of ConEmu.
std::string osc9(const std::string& title, const std::string& text) {
  std::string said = text.empty() ? title : title.empty() ? text : title + ": " + text;
  const bool begins_with_letter =
      !said.empty() && ((said.front() >= 'a' && said.front() <= 'z') || (said.front() >= 'A' && said.front() <= 'Z'));
  if (!begins_with_letter) said.insert(0, "delegate: ");
  return "\x1B]9;" + said + std::string(kBell);
}

std::string osc777(std::string title, const std::string& text, std::string_view end) {
  std::replace(title.begin(), title.end(), ';', ',');  // the first one ends the title
  return "\x1B]777;notify;" + title + ";" + text + std::string(end);
}

std::string osc99(const std::string& title, const std::string& text, std::string id, std::string_view end) {
  id.erase(std::remove_if(id.begin(), id.end(),
                          [](char c) {
                            return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                     c == '-' || c == '_');
                          }),
           id.end());
  if (id.empty()) id = "delegate";
  const std::string begin = "\x1B]99;i=" + id.substr(0, kLongestId);
  if (text.empty()) return begin + ";" + title + std::string(end);
  return begin + ":d=0;" + title + std::string(end) + begin + ":d=1:p=body;" + text + std::string(end);
}

std::string passed_through_tmux(std::string_view sequence) {
  std::string out = "\x1BPtmux;";
  for (const char c : sequence) {
    if (c == '\x1B') out += '\x1B';
    out += c;
  }
  return out + std::string(kEnd);
}

std::string passed_through_screen(std::string_view sequence) {
  return "\x1BP" + std::string(sequence) + std::string(kEnd);
}

}  // namespace

bool is_in_tmux(const TerminalFacts& facts) { return within(facts) == Within::tmux; }

TerminalSequence terminal_sequence(const TerminalFacts& facts, const TerminalNotice& notice) {
  const std::string term = variable_in(facts.environment, "TERM");
  if (!facts.is_terminal || term.empty() || term == "dumb") return {};
  const Within around = within(facts);
  const Guess terminal = around == Within::unknown ? Guess{} : guess(facts);
  const bool is_tmux = around == Within::tmux;
  if (terminal.form == Form::bell || (is_tmux && facts.tmux_passes_on == false)) return {kForms[0], std::string(kBell)};

  const std::string title = one_line(notice.title, kTitleLength);
  const std::string text = one_line(notice.text, kTextLength);
  // screen ends a passed-through sequence at the first ST.
  const std::string_view end = around == Within::screen ? kBell : kEnd;
  std::string bytes = terminal.form == Form::osc9     ? osc9(title, text)
                      : terminal.form == Form::osc777 ? osc777(title, text, end)
                                                      : osc99(title, text, notice.id, end);
  if (is_tmux) bytes = passed_through_tmux(bytes);
  if (around == Within::screen) bytes = passed_through_screen(bytes);
  // A multiplexer may not pass the sequence on, and its terminal may be another one by now; all mark a window with a
  // bell.
  if (around != Within::nothing || !terminal.is_certain) bytes += kBell;
  const bool may_be_dropped = is_tmux && !facts.tmux_passes_on;
  return {kForms[may_be_dropped ? 0 : static_cast<std::size_t>(terminal.form)], bytes};
}

}  // namespace delegate::notify::desktop
