#pragma once
#include <map>
#include <string>
#include <string_view>

// The terminal as the way to a person, the only one that reaches through ssh.
namespace delegate::notify::desktop {

struct TerminalFacts {
  std::map<std::string, std::string> environment;
  bool is_terminal = false;  // the stream that would be written to
};

struct TerminalNotice {
  std::string title;
  std::string text;
  std::string id = "delegate";  // kitty and foot show one notification for an id; a new one takes its place
};

struct TerminalSequence {
  std::string_view form;  // "osc9", "osc777", "osc99" or "bell", for the record; empty: there is no way
  std::string bytes;      // to be written with one write(), or it could be torn by what others write
};

/// What to write. There is no portable question to ask a terminal, so the environment has to tell which one it is; it
/// leaks from one terminal into those started from it and into multiplexers. Where it is not certain, a bell is added:
/// terminals pass over sequences that they do not know, and all know the bell.
TerminalSequence terminal_sequence(const TerminalFacts& facts, const TerminalNotice& notice);

}  // namespace delegate::notify::desktop
