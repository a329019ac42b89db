#!/usr/bin/env python3
"""Commands in hostile surroundings: variables, arguments, standard streams and a working directory of any kind.

  environment.py --delegate BINARY [--minutes N] [--seed N]
"""

import os
import shutil
import sys
import time

import campaign

VARIABLES = ["HOME", "PATH", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR", "TZ", "TERM",
             "LC_ALL", "LANG", "COLUMNS", "NO_COLOR", "OLLAMA_HOST", "HTTP_PROXY", "https_proxy", "NO_PROXY",
             "DBUS_SESSION_BUS_ADDRESS", "DELEGATE_CONFIG", "DELEGATE_DEPTH", "DELEGATE_RUN_ID", "DELEGATE_ROUTER_TIMEOUT",
             "DELEGATE_ROUTER_ORDER", "DELEGATE_STATE_PATH", "DELEGATE_BREAKER_THRESHOLD", "DELEGATE_BACKENDS_ONE_TIMEOUT",
             "DELEGATE_NOTIFY_HOOK", "DELEGATE_", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "OPENAI_API_KEY", "TMUX", "SSH_TTY"]
WORDS = ["ask", "hello", "-b", "one", "--json", "--timeout", "2s", "0", "-1", "status", "doctor", "config", "show", "runs",
         "canary", "run", "breaker", "trip", "reset", "submit", "result", "cancel", "mcp", "ping", "help", "--", "-", "",
         "--config", "/dev/null", "/dev/zero", "/", ".", "..", "-f", "--session", "x" * 300, "\x1b[2J", "\u202e", "%s%n",
         "1m8n7yvw2zd2akj3", "--color", "always", "-n", "99999999999999999999", "completion", "bash", "backends", "health"]


def nonsense(chance, home):
    """A value for a variable: each is a kind of its own."""
    return chance.choice([
        lambda: "", lambda: "/", lambda: ".", lambda: "relative/path", lambda: "/nonexistent/path", lambda: str(home.config),
        lambda: "/dev/null", lambda: "/dev/full", lambda: "/proc/self/fd/0", lambda: "/proc/1/root", lambda: "a" * 100_000,
        lambda: "/" + "d/" * 3000, lambda: ":" * 5000, lambda: "\udcff\udcfe\udc80", lambda: "\x1b]0;title\x07\r\n\t",
        lambda: "-1", lambda: "99999999999999999999999", lambda: "1e400", lambda: "0x10", lambda: "NaN", lambda: "{}[]\"'\\",
        lambda: "unix:path=/nonexistent", lambda: "http://[::1", lambda: "http://user:pw@127.0.0.1:1/", lambda: "127.0.0.1:99999",
        lambda: "[]", lambda: "codex,gemini,,one", lambda: "Mars/Olympus", lambda: "C.UTF-8", lambda: "xx_XX.KOI8-R",
        lambda: "".join(chr(chance.randrange(1, 256)) for _ in range(chance.randrange(1, 200))),
    ])()


def streams(chance):
    """Closes or replaces standard streams after the fork. Not as root, who could write to what HOME=/ or /dev names."""
    closed = [fd for fd in (0, 1, 2) if chance.random() < 0.08]
    full = [fd for fd in (1, 2) if chance.random() < 0.05]
    is_lost = chance.random() < 0.05

    def change():
        if os.geteuid() == 0:
            campaign.become_nobody()
        if is_lost:
            os.mkdir("lost")
            os.chdir("lost")
            os.rmdir("../lost")
        for fd in full:
            device = os.open("/dev/full", os.O_WRONLY)
            os.dup2(device, fd)
            os.close(device)
        for fd in closed:
            os.close(fd)
    return change, bool(closed or full)


def trials(options, root, chance, report):
    number = 0
    while time.monotonic() < options.until:
        number += 1
        home = campaign.Home("%s/%d" % (root, number), options.delegate)
        environment = dict(home.environment)
        changed = chance.sample(VARIABLES, chance.choice([0, 1, 1, 2, 3, 6]))
        for name in changed:
            if chance.random() < 0.2:
                environment.pop(name, None)
            else:
                environment[name] = nonsense(chance, home)
        environment = {os.fsencode(name): value.encode("utf-8", "surrogateescape").replace(b"\0", b"")
                       for name, value in environment.items()}
        is_plain = chance.random() < 0.6
        words = ["ask", "hello"] if is_plain else [chance.choice(WORDS) for _ in range(chance.randrange(1, 6))]
        preexec, is_blind = streams(chance)
        if os.geteuid() == 0:
            home.give_to_nobody()
        ended = home.run(words, preexec=preexec, environment=environment, seconds=60)
        # What cannot be shown to be wrong: it cannot be seen, or the words may have asked for it.
        report.add("streams" if is_blind else "variables=%s" % ",".join(changed) if is_plain else "words=0",
                   words if is_plain and not is_blind else ["any"] + words,
                   ended if not is_blind else ended._replace(err=ended.err or "-"),
                   ["leaves a process"] if home.wait_for_silence() else [])
        home.kill_all()
        shutil.rmtree(home.root)


if __name__ == "__main__":
    sys.exit(campaign.main("environment", trials))
