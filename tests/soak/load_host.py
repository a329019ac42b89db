"""The host that queue_load.py puts under load: a home of its own with the counting CLI, its processes, and its killer."""

import collections
import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import threading
import time

THRESHOLD = 3  # of the breaker of a dead backend
KILLED_SHARE = 0.05
CLI_MS = 5  # times the cap, so that as many CLIs run at once as may, and a run takes as long with each cap
STALL = 1  # seconds without a dispatcher while runs are queued
PROMPT = "prompt-of-the-load-campaign"

Start = collections.namedtuple("Start", "backend run at_once pids")  # of a CLI


class Host:
    """A home of its own, in which only the counting CLI is installed."""

    def __init__(self, home, delegate, cell):
        self.home, self.delegate, self.cell = pathlib.Path(home), delegate, cell
        self.state, self.mark = self.home / "state/delegate", b"HOME=" + os.fsencode(home)
        self.environment = {"XDG_%s_HOME" % kind.upper(): home + "/" + kind for kind in ("state", "config", "cache", "data")}
        self.environment.update({"HOME": home, "TMPDIR": home, "PATH": home + "/bin:/usr/bin:/bin",
                                 "DELEGATE_CONFIG": home + "/delegate.toml"})
        self.rescues, self.led_at = [], time.monotonic()
        health, _, on_open = cell.backend.partition("/")
        names = ["first", "second"] if on_open == "reroute" else ["first"]
        lines = [
            "[router]", "order = %s" % json.dumps(names), 'local = ""', 'timeout = "2h"', "[history]", "limit = 20000",
            # A killed supervisor looks like a failure of its backend, which is not to open a healthy backend's breaker.
            "[breaker]", "threshold = %d" % (1000 if health == "ok" else THRESHOLD), 'cooldown = "24h"',
            'max_cooldown = "24h"', "[notify]", "desktop = false",
            "[background]", "max_parallel = %d" % cell.cap, 'on_open = "%s"' % (on_open or "reroute"), 'max_wait = "2h"']
        for name in names:
            lines += ["[backends.%s]" % name, 'kind = "command"', "max_parallel = 64", 'timeout = "1h"',
                      'command = ["cli", "%s", "%s", "%d"]' % (home, name, CLI_MS * cell.cap),
                      'first_output_timeout = "0s"', 'idle_timeout = "0s"']
        (self.home / "delegate.toml").write_text("\n".join(lines) + "\n")

    def start(self, *words, text=True):
        return subprocess.Popen([self.delegate, *words], env=self.environment, cwd=self.home, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text)

    def select(self, sql, *values):
        """Read-only, and short: a reader keeps delegate from emptying the log."""
        place = "file:%s/state.db?mode=ro" % self.state
        with contextlib.closing(sqlite3.connect(place, uri=True, timeout=30)) as store:
            return store.execute(sql, values).fetchall()

    def cli_starts(self):
        log = self.home / "log"
        return [Start(*line.split()) for line in log.read_text().splitlines()] if log.exists() else []

    def look_at(self, pid):
        """(kind, words of its command), if it is a process of this home."""
        place = pathlib.Path("/proc/%d" % pid)
        with contextlib.suppress(OSError):  # ended
            if self.mark not in (place / "environ").read_bytes().split(b"\0"):
                return None
            words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if os.readlink(place / "exe") != self.delegate:
                return "cli", words
            if "run-job" not in words:
                return "dispatcher" if "worker" in words else "command", words
            if (place / "comm").read_text() == "spare-job\n":
                return "spare", words
            # A supervisor is a fork of its job process. Its parent shows that sooner than its name.
            parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
            is_fork = pathlib.Path("/proc/%s/cmdline" % parent).read_bytes() == (place / "cmdline").read_bytes()
            is_renamed = "supervisor" in (place / "comm").read_text()
            return ("supervisor" if is_fork or is_renamed else "job"), words
        return None

    def processes(self):
        found = {int(name): self.look_at(int(name)) for name in os.listdir("/proc") if name.isdigit()}
        return {pid: seen for pid, seen in found.items() if seen}

    def kill(self, pid, *kinds):
        """Returns what look_at() said if the process is of this home, and one of these kinds."""
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(pid)  # first: the signal reaches the process that is looked at, or none
            try:
                seen = self.look_at(pid)
                if seen and (not kinds or seen[0] in kinds):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    return seen
            finally:
                os.close(handle)
        return None

    def kill_all(self):
        while found := self.processes():  # a process that is killed may have started another one just before
            for pid in found:
                self.kill(pid)
            time.sleep(0.05)

    def cpu_ns(self):
        """Of each delegate process, with the children that it has waited for."""
        used = {}
        for pid in [pid for pid, (kind, _) in self.processes().items() if kind != "cli"]:
            with contextlib.suppress(OSError):
                fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
                used[pid] = (int(fields[13]) + int(fields[14])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
                for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
                    used[pid] += int((task / "schedstat").read_text().split()[0])
        return used

    def wait_cpu(self, seconds):
        time.sleep(1)  # until what the last change caused is over
        before, begun = self.cpu_ns(), time.monotonic()
        time.sleep(seconds)
        used = sum(ns - before.get(pid, 0) for pid, ns in self.cpu_ns().items())
        return "%.2f" % (used / (time.monotonic() - begun) / 1e7)

    def has_none(self, states):
        """No row in these states. If the processes that would start a dispatcher were killed, a later command does it."""
        if any(kind == "dispatcher" for kind, _ in self.processes().values()):
            self.led_at = time.monotonic()
        elif time.monotonic() - self.led_at > STALL:
            for (run,) in self.select("SELECT id FROM jobs WHERE state = 0 LIMIT 1"):
                self.rescues.append(self.start("result", "--wait=%d" % STALL, run))
            if self.cell.kill == "kill" and not self.rescues_under_way():  # the last run, killed after its dispatcher had ended
                self.rescues.append(self.start("worker"))
            self.led_at = time.monotonic()
        return not self.select("SELECT 1 FROM jobs WHERE state IN (%s) LIMIT 1" % states)

    def rescues_under_way(self):
        return [one for one in self.rescues if one.poll() is None]

    def files_with_prompts(self):
        return [path.name for path in self.home.rglob("*") if path.is_file() and PROMPT.encode() in path.read_bytes()]


class Killer(threading.Thread):
    """Kills about one in twenty of the delegate processes, some time after their start. For those of `submit` the shell
    does it."""

    def __init__(self, host, seed):
        super().__init__(daemon=True)
        self.host, self.chance, self.done = host, random.Random(seed), threading.Event()
        self.kills = collections.Counter()  # by kind
        self.rows_after = {}  # by run: (state, begun) just after its process was killed

    def run(self):
        before, due, seen, next_dispatcher = set(os.listdir("/proc")), [], 0, 0
        life = 0.06 + CLI_MS * self.host.cell.cap / 1000  # of a job process, about
        while not self.done.wait(0.004):
            now, there = time.monotonic(), set(os.listdir("/proc"))
            for pid in [int(name) for name in there - before if name.isdigit()]:
                if (self.host.look_at(pid) or [""])[0] in ("job", "supervisor", "dispatcher"):
                    seen += 1
                    # Those that ended before their kill are made up for by later ones.
                    missing = KILLED_SHARE * seen - self.kills["job"] - self.kills["supervisor"] - len(due)
                    if self.chance.random() < missing:
                        due.append((now + self.chance.random() * life, pid, "job", "supervisor"))
            before = there
            if now >= next_dispatcher:  # there is only one at a time: it would hardly ever be hit otherwise
                next_dispatcher = now + self.chance.expovariate(1)
                due += [(now, pid, "dispatcher") for pid in self.host.processes()]
            for one in [one for one in due if one[0] <= now]:
                due.remove(one)
                self.kill(*one[1:])

    def kill(self, pid, *kinds):
        kind, words = self.host.kill(pid, *kinds) or ("", [])
        self.kills[kind] += 1
        if kind == "job" and "--turn" in words:  # of others only the store knows the run
            run = words[words.index("run-job") + 1]
            rows = self.host.select("SELECT state, begun FROM jobs WHERE id = ?", run)
            self.rows_after.setdefault(run, []).extend(rows)
