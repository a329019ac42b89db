"""What the campaigns share: a home of its own for delegate, its faults, and the rules that hold in every trial.

A trial runs one command under one fault. Whatever the fault is,
  - the command ends in its time, and no signal ends it;
  - its exit code is one of those that README lists;
  - stdout has the answer (or JSON, or nothing), and stderr says in one line why it failed, if it did;
  - no process of its stays behind.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ANSWER = "the answer of this campaign"
NOBODY = 65534
EXIT_CODES = {0, 1, 2, 3, 4, 5, 6, 7, 70, 124}
CLI = """#!/bin/sh
while read -r line; do :; done
echo '%s'
""" % ANSWER

Ended = collections.namedtuple("Ended", "code out err seconds")


class Home:
    """In a temporary directory, with one CLI. Nothing of the caller's environment is in it."""

    def __init__(self, root, delegate, more_config=""):
        self.root, self.delegate = pathlib.Path(root), delegate
        self.bin, self.state = self.root / "bin", self.root / "home/.local/state/delegate"
        self.config = self.root / "home/.config/delegate/delegate.toml"
        for place in (self.bin, self.config.parent, self.root / "run"):
            place.mkdir(parents=True)
        os.chmod(self.root / "run", 0o700)
        (self.bin / "cli").write_text(CLI)
        os.chmod(self.bin / "cli", 0o755)
        self.config.write_text('[router]\norder = ["one"]\nlocal = ""\ntimeout = "20s"\n[notify]\ndesktop = false\n'
                               '[backends.one]\nkind = "command"\ncommand = ["%s/cli"]\n%s' % (self.bin, more_config))
        self.environment = {"HOME": str(self.root / "home"), "PATH": "%s:/usr/bin:/bin" % self.bin,
                            "XDG_RUNTIME_DIR": str(self.root / "run"), "TMPDIR": str(self.root / "run"), "LC_ALL": "C.UTF-8"}

    def run(self, words, launcher=(), preexec=None, input="", environment=None, seconds=60):
        begun = time.monotonic()
        child = subprocess.Popen([*launcher, self.delegate, *words], cwd=self.root, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=preexec,
                                 env=self.environment if environment is None else environment)
        try:
            out, err = child.communicate(input.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            return Ended("time out", *(text.decode(errors="replace") for text in (out, err)), time.monotonic() - begun)
        return Ended(child.returncode, *(text.decode(errors="replace") for text in (out, err)), time.monotonic() - begun)

    def give_to_nobody(self):
        """For a trial as a user with few permissions; only root can do that."""
        os.chmod(self.root.parent, 0o755)
        for place in [self.root, *self.root.rglob("*")]:
            os.chown(place, NOBODY, NOBODY)

    def processes(self):
        """Those that have this home in their environment."""
        mark, found = b"HOME=" + os.fsencode(self.root / "home"), []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def wait_for_silence(self, seconds=10):
        until = time.monotonic() + seconds
        while self.processes() and time.monotonic() < until:
            time.sleep(0.02)
        return self.processes()

    def kill_all(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def faults_of(ended, words):
    """The broken rules, in words."""
    broken = []
    if ended.code == "time out":
        return ["does not end"]
    if ended.code < 0:
        broken.append("ended by %s" % signal.Signals(-ended.code).name)
    elif ended.code not in EXIT_CODES:
        broken.append("exit code %d" % ended.code)
    lines = ended.err.splitlines()
    if ended.code not in (0, 124) and not ended.err.strip() and not ended.out.strip():
        broken.append("fails in silence")
    if any("internal error" in line or "terminate called" in line for line in lines):
        broken.append("internal error")
    if words[0] == "ask" and "--json" not in words:
        if ended.code == 0 and ended.out != ANSWER + "\n":
            broken.append("a wrong answer")
        if ended.code != 0 and ended.out:
            broken.append("something on stdout beside a failure")
    if "--json" in words and ended.out:
        try:
            json.loads(ended.out)
        except ValueError:
            broken.append("stdout is not JSON")
    return broken


def become_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


class Report:
    """Counts trials by what came of them; names each broken rule once per kind, with a trial that shows it."""

    def __init__(self, name, seed):
        self.name, self.seed, self.trials, self.broken, self.ends = name, seed, 0, {}, collections.Counter()

    def add(self, fault, words, ended, more=()):
        self.trials += 1
        self.ends["%s: exit %s" % (fault.split("=")[0], ended.code)] += 1
        for rule in [*faults_of(ended, words), *more]:
            kind = (fault.split("=")[0], words[0], rule)
            if kind not in self.broken:
                print("BROKEN: %s: %s: %s\n%s" % (fault, " ".join(words), rule, "\n".join(
                    "        " + line for line in (ended.err or ended.out).splitlines()[:6])), flush=True)
            self.broken[kind] = self.broken.get(kind, 0) + 1

    def finish(self):
        for end, count in sorted(self.ends.items()):
            print("  %-40s %d" % (end, count))
        print("%s: %d trials, %d broke a rule (%d kinds), seed %d" %
              (self.name, self.trials, sum(self.broken.values()), len(self.broken), self.seed))
        return 1 if self.broken or not self.trials else 0


def main(name, trials):
    """`trials(options, chance, report)` runs trials until options.until has come."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.splitlines()[0])
    parser.add_argument("--delegate", required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    options.delegate = os.path.realpath(options.delegate)
    options.until = time.monotonic() + 60 * options.minutes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report(name, options.seed)
    with tempfile.TemporaryDirectory(prefix="delegate-campaign-") as root:
        trials(options, root, random.Random(options.seed), report)
    return report.finish()
