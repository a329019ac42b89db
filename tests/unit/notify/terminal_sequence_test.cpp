#include "core/notify/terminal_sequence.hpp"

#include <catch2/catch.hpp>

using namespace delegate::notify::desktop;

namespace {

using Environment = std::map<std::string, std::string>;

TerminalSequence in(Environment environment, TerminalNotice notice = {.title = "claude is out", .text = "using qwen"}) {
  environment.try_emplace("TERM", "xterm-256color");
  return terminal_sequence({.environment = std::move(environment), .is_terminal = true}, notice);
}

std::string shown(Environment environment, TerminalNotice notice = {.title = "claude is out", .text = "using qwen"}) {
  return in(std::move(environment), std::move(notice)).bytes;
}

const std::string kOsc9 = "\x1B]9;claude is out: using qwen\a";
const std::string kOsc777 = "\x1B]777;notify;claude is out;using qwen\x1B\\";
const std::string kOsc99 = "\x1B]99;i=delegate:d=0;claude is out\x1B\\\x1B]99;i=delegate:d=1:p=body;using qwen\x1B\\";

}  // namespace

TEST_CASE("each terminal gets the sequence that it shows") {
  CHECK(shown({{"TERM", "xterm-kitty"}}) == kOsc99);
  CHECK(shown({{"TERM", "xterm-ghostty"}}) == kOsc777);
  CHECK(shown({{"TERM", "foot-direct"}}) == kOsc777);
  CHECK(shown({{"TERM", "wezterm"}}) == kOsc777);
  CHECK(shown({{"TERM", "rxvt-unicode-256color"}}) == kOsc777);
  CHECK(shown({{"TERM_PROGRAM", "iTerm.app"}}) == kOsc9);
  CHECK(shown({{"TERM_PROGRAM", "WarpTerminal"}}) == kOsc9);
  CHECK(shown({{"TERM_PROGRAM", "WezTerm"}, {"WEZTERM_PANE", "0"}}) == kOsc777);
  CHECK(shown({{"TERM_PROGRAM", "ghostty"}, {"GHOSTTY_RESOURCES_DIR", "/x"}}) == kOsc777);
  CHECK(in({{"TERM", "xterm-kitty"}}).form == "osc99");
  CHECK(in({{"TERM", "foot"}}).form == "osc777");
  CHECK(in({{"TERM_PROGRAM", "iTerm.app"}}).form == "osc9");
}

TEST_CASE("a terminal that shows no notifications gets a bell") {
  for (const Environment& environment :
       {Environment{}, Environment{{"TERM", "alacritty"}}, Environment{{"TERM", "linux"}},
        Environment{{"TERM_PROGRAM", "vscode"}}, Environment{{"TERM_PROGRAM", "Apple_Terminal"}},
        Environment{{"WT_SESSION", "x"}}, Environment{{"XTERM_VERSION", "XTerm(379)"}},
        Environment{{"TERM", "vt100"}}}) {
    CHECK(shown(environment) == "\a");
    CHECK(in(environment).form == "bell");
  }
}

TEST_CASE("nothing is written without a terminal, or to one that understands no sequences") {
  CHECK(terminal_sequence({.environment = {{"TERM", "xterm-kitty"}}, .is_terminal = false}, {.title = "x"})
            .bytes.empty());
  CHECK(shown({{"TERM", "dumb"}, {"KITTY_WINDOW_ID", "1"}}).empty());
  CHECK(shown({{"TERM", ""}}).empty());
  CHECK(in({{"TERM", "dumb"}}).form.empty());
}

TEST_CASE("through ssh only the variables that ssh passes on decide") {
  CHECK(shown({{"SSH_CONNECTION", "a b c d"}, {"TERM", "xterm-kitty"}}) == kOsc99);
  CHECK(shown({{"SSH_CONNECTION", "a b c d"}, {"LC_TERMINAL", "iTerm2"}}) == kOsc9);
  CHECK(shown({{"SSH_CONNECTION", "a b c d"}}) == "\a");
}

TEST_CASE("a terminal that was started from another is recognised by its own variables, and a bell is added") {
  CHECK(shown({{"TERM", "xterm-kitty"}, {"TERM_PROGRAM", "ghostty"}, {"KITTY_WINDOW_ID", "1"}}) == kOsc99 + "\a");
  CHECK(shown({{"TERM_PROGRAM", "WezTerm"}, {"KITTY_WINDOW_ID", "1"}}) == kOsc777 + "\a");
  CHECK(shown({{"XTERM_VERSION", "XTerm(379)"}, {"KITTY_WINDOW_ID", "1"}, {"TERM_PROGRAM", "ghostty"}}) == "\a");
  CHECK(shown({{"TERM_PROGRAM", "vscode"}, {"KITTY_WINDOW_ID", "1"}}) == "\a");
}

TEST_CASE("a variable that may be inherited from another terminal is no certain sign: a bell is added") {
  CHECK(shown({{"KITTY_WINDOW_ID", "1"}}) == kOsc99 + "\a");
  CHECK(shown({{"WEZTERM_PANE", "0"}}) == kOsc777 + "\a");
  CHECK(shown({{"ITERM_SESSION_ID", "x"}}) == kOsc9 + "\a");
  CHECK(shown({{"GHOSTTY_RESOURCES_DIR", "/x"}}) == kOsc777 + "\a");
}

TEST_CASE("a VTE terminal, wherever it was started from, gets the sequence that some of them show, and a bell") {
  CHECK(shown({{"VTE_VERSION", "7200"}}) == kOsc777 + "\a");
  CHECK(shown({{"VTE_VERSION", "7200"}, {"KITTY_WINDOW_ID", "1"}}) == kOsc777 + "\a");
  CHECK(shown({{"VTE_VERSION", "7200"}, {"TERM_PROGRAM", "WezTerm"}, {"WEZTERM_PANE", "0"}}) == kOsc777 + "\a");
  CHECK(shown({{"VTE_VERSION", "7200"}, {"TERM_PROGRAM", "iTerm.app"}}) == kOsc777 + "\a");
  CHECK(shown({{"KONSOLE_VERSION", "221203"}, {"KITTY_WINDOW_ID", "1"}}) == "\a");
  // And one that was started from it.
  CHECK(shown({{"TERM", "xterm-kitty"}, {"VTE_VERSION", "7200"}}) == kOsc99 + "\a");
  CHECK(shown({{"TERM", "xterm-ghostty"}, {"VTE_VERSION", "7200"}}) == kOsc777);
}

TEST_CASE("tmux passes the sequence through with each escape doubled, and a bell marks the window") {
  CHECK(shown({{"TMUX", "/tmp/tmux-1/default,1,0"}, {"TERM", "tmux-256color"}, {"KITTY_WINDOW_ID", "1"}}) ==
        "\x1BPtmux;\x1B\x1B]99;i=delegate:d=0;claude is out\x1B\x1B\\\x1B\x1B]99;i=delegate:d=1:p=body;using "
        "qwen\x1B\x1B\\\x1B\\\a");
  CHECK(shown({{"TMUX", "x"}, {"TERM", "screen-256color"}, {"LC_TERMINAL", "iTerm2"}, {"TERM_PROGRAM", "tmux"}}) ==
        "\x1BPtmux;\x1B\x1B]9;claude is out: using qwen\a\x1B\\\a");
  CHECK(shown({{"TMUX", "x"}, {"TERM", "tmux-256color"}}) == "\a");
}

TEST_CASE("what tmux does not pass on is not recorded as delivered") {
  const Environment inside{{"TMUX", "x"}, {"TERM", "tmux-256color"}, {"KITTY_WINDOW_ID", "1"}};
  const auto in_tmux = [&](std::optional<bool> passes_on) {
    return terminal_sequence({.environment = inside, .is_terminal = true, .tmux_passes_on = passes_on},
                             {.title = "claude is out"});
  };
  CHECK(in_tmux(false).form == "bell");
  CHECK(in_tmux(false).bytes == "\a");
  CHECK(in_tmux(true).form == "osc99");
  CHECK(in_tmux(std::nullopt).form == "bell");
  CHECK(in_tmux(std::nullopt).bytes == in_tmux(true).bytes);
}

TEST_CASE("screen passes the sequence through in one piece that nothing inside ends") {
  CHECK(shown({{"STY", "1.x"}, {"TERM", "screen"}, {"KITTY_WINDOW_ID", "1"}}) ==
        "\x1BP\x1B]99;i=delegate:d=0;claude is out\a\x1B]99;i=delegate:d=1:p=body;using qwen\a\x1B\\\a");
  CHECK(shown({{"STY", "1.x"}, {"TERM", "screen"}, {"WEZTERM_PANE", "1"}}) ==
        "\x1BP\x1B]777;notify;claude is out;using qwen\a\x1B\\\a");
}

TEST_CASE("an unknown multiplexer gets only a bell") {
  CHECK(shown({{"TERM", "screen-256color"}, {"LC_TERMINAL", "iTerm2"}}) == "\a");
  CHECK(shown({{"ZELLIJ", "0"}, {"KITTY_WINDOW_ID", "1"}}) == "\a");
}

TEST_CASE("text cannot end the sequence or begin another") {
  const TerminalNotice evil{.title = "a\x1B]0;owned\a!",
                            .text =
                                "b\x1B\\\x1B[2J\xC2\x9D"
                                "c\r\n\x90"};
  for (const Environment& environment : {Environment{{"TERM", "xterm-kitty"}}, Environment{{"TERM", "foot"}},
                                         Environment{{"TERM_PROGRAM", "iTerm.app"}}}) {
    const std::string calm = shown(environment, {.title = "a ]0;owned !", .text = "b \\ [2J c  \xEF\xBF\xBD"});
    CHECK(shown(environment, evil) == calm);
  }
}

TEST_CASE("the text of OSC 9 begins with a letter, because a number would be a command") {
  const Environment iterm{{"TERM_PROGRAM", "iTerm.app"}};
  CHECK(shown(iterm, {.title = "4;1;50"}) == "\x1B]9;delegate: 4;1;50\a");
  CHECK(shown(iterm, {.title = "", .text = "4;3"}) == "\x1B]9;delegate: 4;3\a");
  CHECK(shown(iterm, {.title = "Äpfel"}) == "\x1B]9;delegate: Äpfel\a");
}

TEST_CASE("a title cannot end early in OSC 777") {
  CHECK(shown({{"TERM", "foot"}}, {.title = "a;b", .text = "c;d"}) == "\x1B]777;notify;a,b;c;d\x1B\\");
}

TEST_CASE("a notification without a text is its title alone") {
  CHECK(shown({{"TERM", "xterm-kitty"}}, {.title = "x"}) == "\x1B]99;i=delegate;x\x1B\\");
  CHECK(shown({{"TERM_PROGRAM", "iTerm.app"}}, {.title = "x"}) == "\x1B]9;x\a");
}

TEST_CASE("an id is a plain word") {
  CHECK(shown({{"TERM", "xterm-kitty"}}, {.title = "x",
                                          .id = "a:d=1;\x1B"
                                                "b-7"}) == "\x1B]99;i=ad1b-7;x\x1B\\");
  CHECK(shown({{"TERM", "xterm-kitty"}}, {.title = "x", .id = ":;"}) == "\x1B]99;i=delegate;x\x1B\\");
}

TEST_CASE("long text of a sequence is cut between two characters") {
  std::string euros;
  for (int i = 0; i < 200; ++i) euros += "€";
  std::string title;
  for (int i = 0; i < 26; ++i) title += "€";
  std::string text;
  for (int i = 0; i < 100; ++i) text += "€";
  CHECK(shown({{"TERM", "foot"}}, {.title = euros, .text = euros}) ==
        "\x1B]777;notify;" + title + "…;" + text + "…\x1B\\");
}
