#!/usr/bin/env python3
"""How much one host can carry, and what it takes. One line per promise; exits with 1 if one is broken.

  scale.py --build DIRECTORY [--parts PART ...]   a build with delegate, store_load and instant_cli

flight: 1,000 calls at once of one `delegate mcp`, of which 8 may run: each is answered, in the order of the calls as far
        as 8 at once have one, and the server stays small.
dead:   64 `delegate ask` at once on a backend that is dead, again and again: a breaker that opens stops them, and after
        each cooldown a single probe finds out.
store:  200 asks a second for a minute through one state file (store_load.cpp).
server: `delegate mcp` stays small for 10,000 calls.
answer: one of 200 MB goes through `delegate ask --stream` in constant memory.

queue_load.py does the same with queued runs and kills.
"""

import argparse
import collections
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

from load_host import THRESHOLD, Host

Cell = collections.namedtuple("Cell", "queued cap backend kill")
FLIGHT, AT_ONCE, SERVER_MB, OLD_SERVER_MB, ASK_MB = 1000, 8, 64, 8, 6
PROCESSES, COOLDOWNS, COOLDOWN = 64, 2, 15  # seconds: longer than 64 asks take
CALLS = 10_000
ANSWER = 200 << 20  # bytes
PATIENCE = 300  # seconds for a part


class Verdict:
    """Says what was seen of each promise."""

    def __init__(self):
        self.broken = 0

    def check(self, is_kept, words):
        self.broken += not is_kept
        print("scale: %s%s" % ("" if is_kept else "BROKEN: ", words), flush=True)


def memory_mb(pid, field="VmHWM"):
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(next(line for line in status.splitlines() if line.startswith(field + ":")).split()[1]) / 1024


class Editor:
    """Talks to a `delegate mcp` of this host."""

    def __init__(self, host):
        project = host.home / "project"
        project.mkdir(exist_ok=True)
        self.server = subprocess.Popen([host.delegate, "mcp", "--client-timeout", "1h"], env=host.environment, cwd=project,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.request(0, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                       "clientInfo": {"name": "scale", "version": "1"}})
        self.answer()
        self.say({"method": "notifications/initialized"})

    def say(self, message):
        self.server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.server.stdin.flush()

    def request(self, number, method, params):
        self.say({"id": number, "method": method, "params": params})

    def call(self, number, prompt):
        self.request(number, "tools/call", {"name": "ask", "arguments": {"prompt": prompt}})

    def answer(self):
        return json.loads(self.server.stdout.readline())

    def leave(self):
        self.server.stdin.close()
        self.server.wait(30)


def flight(host, verdict, _):
    """All calls are sent while the CLIs wait at their gate."""
    editor = Editor(host)
    (host.home / "gate").touch()
    begun = time.monotonic()
    for number in range(1, FLIGHT + 1):
        editor.call(number, "number %d" % number)
    while len(host.cli_starts()) < AT_ONCE and time.monotonic() < begun + PATIENCE:
        time.sleep(0.1)
    answered = select.select([editor.server.stdout], [], [], 1)[0]
    verdict.check(not answered, "%d calls are in flight after %.0f s" % (FLIGHT, time.monotonic() - begun))
    (host.home / "gate").unlink()
    wrong, call_of = [], {}
    for _ in range(FLIGHT):
        answer = editor.answer()
        content = answer.get("result", {}).get("structuredContent", {})
        call_of[content.get("run")] = answer["id"]
        if content.get("answer") != "answer to %d" % answer["id"]:
            wrong.append(answer)
    server = memory_mb(editor.server.pid)
    editor.leave()
    starts = host.cli_starts()
    most = max(int(start.at_once) for start in starts)
    started = [call_of.get(start.run, 0) for start in starts]
    overtaken = [sum(later < call for later in started[place:]) for place, call in enumerate(started)]
    verdict.check(not wrong, "%d of %d calls have their own answer, after %.0f s; such as: %s" %
                  (FLIGHT - len(wrong), FLIGHT, time.monotonic() - begun, wrong[:1]))
    verdict.check(most <= AT_ONCE, "at most %d CLIs ran at once, %d may" % (most, AT_ONCE))
    verdict.check(len(started) == FLIGHT and max(overtaken) < 2 * AT_ONCE,
                  "%d CLIs were started; one at most before those of %d calls that came before its own" %
                  (len(started), max(overtaken)))
    verdict.check(server <= SERVER_MB, "the server took %.1f MB, %d may be" % (server, SERVER_MB))


def dead(host, verdict, _):
    def rush():
        """The starts of the CLI that so many asks at once cause, and what was said other than that it is dead."""
        before = len(host.cli_starts())
        asks = [host.start("ask", "--no-stdin", "number 1") for _ in range(PROCESSES)]
        said = [ask.communicate()[1] for ask in asks]
        return len(host.cli_starts()) - before, [words for words in said if "locked" in words or "breakers are off" in words]

    config = host.home / "delegate.toml"
    config.write_text(config.read_text().replace('"24h"', '"%ds"' % COOLDOWN)
                      .replace("max_parallel = 64", "max_parallel = %d" % AT_ONCE))
    (host.home / "first").touch()  # which makes it dead
    starts, unguarded = rush()
    verdict.check(starts <= THRESHOLD + AT_ONCE - 1, "%d asks at once started a dead CLI %d times; it may be %d and %d in flight" %
                  (PROCESSES, starts, THRESHOLD, AT_ONCE - 1))
    for _ in range(COOLDOWNS):
        time.sleep(COOLDOWN + 0.5)
        probes, more = rush()
        unguarded += more
        verdict.check(probes == 1, "after a cooldown %d asks at once made %d probes" % (PROCESSES, probes))
    verdict.check(not unguarded, "%d of %d asks did not get at the state; such as: %s" %
                  (len(unguarded), PROCESSES * (COOLDOWNS + 1), unguarded[:1]))


def store(host, verdict, build):
    (host.home / "state").mkdir(mode=0o700)
    load = subprocess.run([build / "tests/store_load", host.home, "8", "200", "60"], check=False)
    verdict.check(load.returncode == 0, "200 asks a second for a minute through one state file")


def command_of(host, command):
    """Another CLI in the configuration."""
    config = host.home / "delegate.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("command = ")]
    config.write_text("\n".join([*lines, "command = " + json.dumps(command), ""]))


def server(host, verdict, build):
    command_of(host, [str(build / "tests/instant_cli")])
    editor = Editor(host)
    for number in range(1, CALLS + 1):
        editor.call(number, "hello")
        editor.answer()
        if number in (1, CALLS // 10, CALLS):
            print("scale: the server has %.1f MB after %d calls, %.1f of it not from files" %
                  (memory_mb(editor.server.pid, "VmRSS"), number, memory_mb(editor.server.pid, "RssAnon")), flush=True)
    peak = memory_mb(editor.server.pid)
    editor.leave()
    verdict.check(peak <= OLD_SERVER_MB, "the server took %.1f MB for %d calls, %d may be" % (peak, CALLS, OLD_SERVER_MB))


def answer(host, verdict, _):
    command_of(host, ["sh", "-c", "cat >/dev/null; yes %s | head -c %d" % ("word" * 15, ANSWER)])
    ask = host.start("ask", "--no-stdin", "--stream", "hello", text=False)
    size, peak = 0, 0
    while piece := ask.stdout.read(1 << 20):
        size += len(piece)
        if len(piece) == 1 << 20:  # it is not at its end
            peak = max(peak, memory_mb(ask.pid))
    said = ask.communicate()[1].decode()
    verdict.check(size >= ANSWER and peak <= ASK_MB, "of an answer of %d MB came %d through %.1f MB of memory, %d may be %s" %
                  (ANSWER >> 20, size >> 20, peak, ASK_MB, said))


PARTS = {"flight": flight, "dead": dead, "store": store, "server": server, "answer": answer}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--delegate", type=pathlib.Path, help="otherwise that of the build")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    build, verdict = options.build.resolve(), Verdict()
    delegate = os.path.realpath(options.delegate or build / "delegate")
    for part in options.parts:
        with tempfile.TemporaryDirectory(prefix="delegate-scale-") as home:
            (pathlib.Path(home) / "bin").mkdir()
            source = pathlib.Path(__file__).with_name("counting_cli.cpp")
            subprocess.run(["c++", "-std=c++20", "-O2", "-o", home + "/bin/cli", source], check=True)
            backend = "dead/fail" if part == "dead" else "ok"
            host = Host(home, delegate, Cell(FLIGHT, AT_ONCE, backend, "no"))
            try:
                PARTS[part](host, verdict, build)
            finally:
                host.kill_all()
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
