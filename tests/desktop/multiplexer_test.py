"""What real multiplexers pass on of our sequences: a pty is the terminal outside."""

import os
import pty
import select
import signal
import time

from situations import Skipped

SITUATIONS = []
INSIDE = b"\x1b]99;i=delegate:d=0;claude is out\x1b\\\x1b]99;i=delegate:d=1:p=body;using qwen\x1b\\"
INSIDE_SCREEN = INSIDE.replace(b"\x1b\\", b"\a")


def situation(name):
    def add(function):
        SITUATIONS.append((name, function))
        return function
    return add


class Reached:
    """What goes into the table."""

    def __init__(self, words, took):
        self.words, self.took = words, took

    def reported(self):
        return self.words


def terminal_gets(desktop, argv, until, term="xterm-256color"):
    """All bytes that reach the terminal outside, up to `until`. The program inside writes at each key press: tmux drops
    passed-through sequences while it redraws its screen, so that once may not be enough."""
    begun = time.monotonic()
    environment = {**desktop.environment, "TERM": term, "KITTY_WINDOW_ID": "1", "SHELL": "/bin/sh"}
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.execvpe(argv[0], argv, environment)
        except OSError:
            os._exit(127)
    got, pressed = b"", 0
    try:
        while time.monotonic() < begun + 10:
            if b"ready" in got and got.count(b"endmark") == pressed:
                if until in got or pressed == 5:
                    break
                os.write(terminal, b"\n")
                pressed += 1
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    got += os.read(terminal, 65536)
                except OSError:
                    break
    finally:
        os.kill(pid, signal.SIGHUP)
        os.waitpid(pid, 0)
        os.close(terminal)
    return got, time.monotonic() - begun


def speech(desktop):
    return f"'{desktop.programs.terminal}' 'claude is out' 'using qwen' '{desktop.root}/record'"


def say(desktop):
    # The end mark shows that everything before it has gone through.
    return f"printf ready; while read key; do {speech(desktop)}; printf endmark; done"


def through_tmux(desktop, passthrough, until):
    config = desktop.root / "tmux.conf"
    config.write_text(f"set -g allow-passthrough {passthrough}\nset -g status off\n"
                      "set -g default-terminal tmux-256color\n")
    argv = ["tmux", "-S", str(desktop.root / "tmux"), "-f", str(config), "new-session", say(desktop)]
    return terminal_gets(desktop, argv, until)


def recorded(desktop):
    return (desktop.root / "record").read_text()


@situation("terminal: tmux that may pass it on")
def tmux_on(desktop):
    got, took = through_tmux(desktop, "on", INSIDE)
    assert INSIDE in got and b"\a" in got.replace(INSIDE, b"") and b"tmux;" not in got, got
    assert recorded(desktop) == "osc99"
    return Reached("OSC 99 as it was, and a bell", took)


@situation("terminal: tmux as it comes")
def tmux_off(desktop):
    got, took = through_tmux(desktop, "off", b"endmark")
    assert b"endmark" in got and b"]99;" not in got and b"\a" in got, got
    assert b"claude is out" not in got and b"tmux;" not in got, got
    assert recorded(desktop) == "bell"
    return Reached("a bell alone, nothing else on the screen; recorded as a bell", took)


@situation("terminal: tmux that shows another window")
def tmux_behind(desktop):
    config = desktop.root / "tmux.conf"
    config.write_text("set -g allow-passthrough on\nset -g status off\nset -g default-terminal tmux-256color\n")
    in_front = "printf ready; while read key; do tmux wait-for -S asked; tmux wait-for done; printf endmark; done"
    behind = f"while tmux wait-for asked; do {speech(desktop)}; tmux wait-for -S done; done"
    argv = ["tmux", "-S", str(desktop.root / "tmux"), "-f", str(config), "new-session", in_front, ";",
            "new-window", "-d", behind]
    got, took = terminal_gets(desktop, argv, b"endmark")
    assert b"endmark" in got and b"]99;" not in got and b"\a" in got, got
    assert recorded(desktop) == "bell"
    return Reached("a bell alone, which marks the window; recorded as a bell", took)


@situation("terminal: screen")
def screen(desktop):
    if not any(os.access(os.path.join(place, "screen"), os.X_OK) for place in ("/usr/bin", "/bin")):
        raise Skipped("screen is not installed")
    (desktop.root / "home" / ".screenrc").write_text("startup_message off\nvbell off\n")
    os.mkdir(desktop.root / "screens", mode=0o700)
    desktop.environment["SCREENDIR"] = str(desktop.root / "screens")
    got, took = terminal_gets(desktop, ["screen", "-q", "/bin/sh", "-c", say(desktop)], b"endmark")
    assert INSIDE_SCREEN in got and b"\a" in got.replace(INSIDE_SCREEN, b""), got
    return Reached("OSC 99 as it was, and a bell", took)


@situation("terminal: without a multiplexer")
def bare(desktop):
    got, took = terminal_gets(desktop, ["/bin/sh", "-c", say(desktop)], b"endmark", term="xterm-kitty")
    assert got.endswith(INSIDE + b"endmark"), got
    return Reached("OSC 99", took)
