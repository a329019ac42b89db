#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

// Escape sequences that make a terminal show a notification: the only channel that works through ssh.
namespace delegate::notify::desktop {

struct TerminalFacts {
  std::map<std::string, std::string> environment;
  bool is_terminal = false;            // the output stream is a terminal
  std::optional<bool> tmux_passes_on;  // of this pane now; nothing: unknown, or not in tmux
};

struct TerminalNotice {
  std::string title;
  std::string text;
  std::string id = "delegate";  // kitty and foot replace a notification by a new one with the same id
};

struct TerminalSequence {
  // For the record, what certainly arrives: "osc9", "osc777", "osc99" or "bell"; empty: not possible.
  std::string_view form;
  std::string bytes;  // to be written with one write(), so that other output cannot split it
};

/// Whether TMUX or TERM names tmux as the terminal.
bool is_in_tmux(const TerminalFacts& facts);

/// What to write. A terminal cannot be asked portably what it supports, so the environment has to identify it.
/// Variables leak into terminals started from another one and into multiplexers, so a bell is added if the guess is
/// uncertain: terminals ignore sequences that they do not know, and all know the bell.
TerminalSequence terminal_sequence(const TerminalFacts& facts, const TerminalNotice& notice);

}  // namespace delegate::notify::desktop
