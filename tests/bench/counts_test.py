#!/usr/bin/env python3
"""What an ask, `--version`, a status and a call over MCP make the kernel do, counted, and held to LIMITS; and the memory
that they need. Times are never looked at: they are the machine's, and counts are the program's.

  counts_test.py --build DIRECTORY    a build with delegate and the programs of tests/bench
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# What is counted, and of what: a little more than was measured.
LIMITS = {
    "system calls": {"version": 72, "ask": 650, "aged ask": 660, "status": 330, "warm call": 1100},
    "page faults": {"version": 114, "ask": 470, "aged ask": 510, "status": 280, "warm call": 600},
    "processes and threads started": {"version": 0, "ask": 3, "aged ask": 3, "status": 0, "warm call": 4.5},
    "programs executed": {"version": 1, "ask": 2, "aged ask": 2, "status": 1, "warm call": 2.25},
    "KiB read of the state": {"version": 0, "ask": 310, "aged ask": 250, "status": 280, "warm call": 280},
    "MiB of memory": {"ask": 9, "streamed ask": 24},
}

YEAR = 20_000  # runs in the history: enough for every tree in the file to have the height that it has after a year
CALLS = 4
LONG = 200 << 20  # bytes
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\w+)", re.DOTALL)
READS = {"read", "pread64", "readv", "preadv"}
STARTS = {"clone", "clone3", "fork", "vfork"}


class Counted:
    """What one or more processes did."""

    def __init__(self):
        self.calls = collections.Counter()  # by name
        self.started = self.executed = self.read = 0

    def add(self, trace, state):
        for line in trace.splitlines():
            if found := CALL.match(line):
                name, arguments, result = found.groups()
                self.calls[name] += 1
                self.started += name in STARTS
                self.executed += name == "execve" and result == "0"
                if name in READS and str(state) in arguments.partition(",")[0]:
                    self.read += max(int(result), 0)

    def each_of(self, times, before):
        """What one of so many did that there are more of than before."""
        each = Counted()
        each.calls.update({name: round((count - before.calls[name]) / times) for name, count in self.calls.items()})
        for name in ("started", "executed", "read"):
            setattr(each, name, (getattr(self, name) - getattr(before, name)) / times)
        return each


class Home:
    """A home of its own, in which the instant CLI is the only backend."""

    def __init__(self, place, build, command=None):
        self.place, self.build = pathlib.Path(place), build
        (self.place / "project").mkdir(parents=True)
        (self.place / "state").mkdir(mode=0o700)
        self.state = self.place / "state/state.db"
        self.environment = {"HOME": place, "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": place}
        (self.place / "delegate.toml").write_text(
            '[router]\norder = ["instant"]\nlocal = ""\n[history]\nlimit = %d\n[backends.instant]\nkind = "command"\n'
            'command = %s\n[state]\npath = "%s"\n' %
            (YEAR, json.dumps(command or [str(build / "tests/instant_cli")]), self.state))

    def words(self, *words):
        return [str(self.build / "delegate"), "--config", str(self.place / "delegate.toml"), *words]

    def start(self, words, **pipes):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **pipes}
        return subprocess.Popen(words, env=self.environment, cwd=self.place / "project", text=True, **pipes)

    def run(self, *words):
        child = self.start(self.words(*words))
        child.communicate()
        assert child.returncode == 0, words

    @contextlib.contextmanager
    def traced(self, words, **pipes):
        """Yields the process, and what to call after its end for what it and all its children did."""
        with tempfile.TemporaryDirectory(dir=self.place) as notes:
            child = self.start(["strace", "-ff", "-y", "-qq", "-s", "0", "-o", notes + "/of", *words],
                               stderr=subprocess.PIPE, **pipes)
            yield child, lambda: self.counted(child, pathlib.Path(notes))

    def counted(self, child, notes):
        _, said = child.communicate()
        if child.returncode != 0:
            sys.exit("counts: `%s`: exit code %d: %s\nhint: if ptrace is not permitted here (containers need the capability "
                     "SYS_PTRACE), this test cannot run" % (" ".join(child.args), child.returncode, said.strip()))
        seen = Counted()
        for trace in notes.iterdir():
            seen.add(trace.read_text(errors="replace"), self.state)
        return seen

    def count(self, *words):
        with self.traced(self.words(*words)) as (_, counted):
            return counted()


class Editor:
    """An editor that has started `delegate mcp`."""

    def __init__(self, server):
        self.server, self.last = server, 0
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                "clientInfo": {"name": "counts", "version": "1"}})
        self.say({"method": "notifications/initialized"})

    def say(self, message):
        self.server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.server.stdin.flush()

    def ask(self, method, params):
        self.last += 1
        self.say({"id": self.last, "method": method, "params": params})
        answer = json.loads(self.server.stdout.readline())
        assert answer["id"] == self.last and not answer["result"].get("isError"), answer

    def call(self, times):
        for _ in range(times):
            self.ask("tools/call", {"name": "ask", "arguments": {"prompt": "hello"}})


def faults(child):
    """Of the process and its children, once it has ended; with those of the fork, which are always as many."""
    child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_minflt


def least_faults(home, *words):
    """The least of some runs: where the kernel puts things differs from run to run, by a few pages."""
    return min(faults(home.start(home.words(*words))) for _ in range(3))


def numbers(seen, faults):
    return {"system calls": sum(seen.calls.values()), "page faults": faults, "processes and threads started": seen.started,
            "programs executed": seen.executed, "KiB read of the state": seen.read / 1024}


def memory_of(home, *words, length):
    """At most at one time, of the largest process; `length` is that of the output."""
    notes = home.place / "usage"
    child = home.start([str(home.build / "tests/usage"), str(notes), *home.words(*words)])
    printed = 0
    while read := len(child.stdout.read(1 << 20)):
        printed += read
    assert child.wait() == 0 and printed == length, printed
    return {"MiB of memory": int(notes.read_text().split()[1]) / 1024}


def count_warm_calls(home):
    """One of them, from the difference between servers with few and with many calls, of which one shortens the log."""
    def serve(calls):
        home.run("shorten-log", str(home.state))
        with home.traced(home.words("mcp"), stdin=subprocess.PIPE) as (server, counted):
            Editor(server).call(calls)
            server.stdin.close()
            server.stdin = None
            seen = counted()
        server = home.start(home.words("mcp"), stdin=subprocess.PIPE)
        Editor(server).call(calls)
        server.stdin.close()
        return seen, faults(server)

    (few, few_faults), (many, many_faults) = serve(2), serve(2 + CALLS)
    each = many.each_of(CALLS, few)
    return numbers(each, (many_faults - few_faults) / CALLS), each.calls


def count_all(place, build):
    home = Home(place + "/new", build)
    home.run("ask", "hello")  # makes the state
    yield "version", numbers(seen := home.count("--version"), least_faults(home, "--version")), seen.calls
    yield "ask", numbers(seen := home.count("ask", "hello"), least_faults(home, "ask", "hello")), seen.calls
    yield "ask", memory_of(home, "ask", "hello", length=len("pong\n")), collections.Counter()
    long = Home(place + "/long", build, ["/bin/sh", "-c", f"yes 'a line of an answer' | head -c {LONG}"])
    yield "streamed ask", memory_of(long, "ask", "--stream", "hello", length=LONG), collections.Counter()
    yield "warm call", *count_warm_calls(home)
    old = Home(place + "/old", build)
    subprocess.run([build / "tests/age_state", old.state, str(YEAR)], check=True)
    old.run("ask", "hello")
    old.run("shorten-log", str(old.state))  # as delegate does in the background, which has no fixed time
    ask, status = old.count("ask", "hello"), old.count("status")
    yield "aged ask", numbers(ask, least_faults(old, "ask", "hello")), ask.calls
    yield "status", numbers(status, least_faults(old, "status")), status.calls


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    over = []
    with tempfile.TemporaryDirectory(prefix="delegate-counts-") as place:
        for what, counts, calls in count_all(place, build):
            print("counts: %-10s" % what, ", ".join("%s %.4g of %g" % (kind, count, LIMITS[kind][what])
                                                    for kind, count in counts.items()), flush=True)
            most = ", ".join("%d %s" % (count, name) for name, count in calls.most_common(8))
            over += ["counts: %s: %.4g %s, and the limit is %g; its system calls: %s, ..." %
                     (what, count, kind, LIMITS[kind][what], most)
                     for kind, count in counts.items() if count > LIMITS[kind][what]]
    print("\n".join(over), end="\n" if over else "")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
