#!/usr/bin/env python3
"""Many `delegate ask` at a time, as shells start them, with backends that misbehave and people who leave: afterwards no
process of theirs is left.

  shell_soak.py --delegate BINARY --fake-cli BINARY [--runs N] [--at-once N] [--cancelled PERCENT] [--killed PERCENT] [--seed N]

--cancelled sends SIGINT or SIGTERM to this part of the runs after a while, --killed SIGKILL. What is left is looked for
by the mark that every process of a run carries in its environment, given a moment to end, and then killed.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

TAG = "DELEGATE_RUN_ID"
PATIENCE = 15  # seconds until a remaining process counts as leaked
RUN_TIMEOUT = 60  # a run that takes this long has failed

BACKENDS = {
    "answers": ["--read-stdin", "--say", "hello"],
    "fails": ["--err", "it is broken", "--exit", "3"],
    "hangs": ["--hang"],
    "mute": ["--ignore-term", "--hang"],
    "floods": ["--flood", "1M"],
    "holder": ["--fork-sleeper", "--say", "hello"],
    "escapes": ["--daemonise-sleeper", "--hang"],
    "late": ["--fork-late-sayer", "late", "--say", "hello"],
    "dies": ["--die", "SIGKILL"],
}


def write_config(path, fake_cli):
    lines = ["[router]", "order = [%s]" % ", ".join('"%s"' % name for name in BACKENDS), 'local = ""']
    for name, options in BACKENDS.items():
        words = ", ".join('"%s"' % word for word in [str(fake_cli)] + options)
        lines += [
            "[backends.%s]" % name, 'kind = "command"', "command = [%s]" % words, 'timeout = "500ms"',
            'first_output_timeout = "300ms"', 'idle_timeout = "300ms"', "max_parallel = 4",
            'breaker.cooldown = "0s"', 'breaker.probe_timeout = "100ms"',
        ]
    path.write_text("\n".join(lines) + "\n")


def marked(mark):
    """The processes that carry the mark, with their command lines."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # ended, or another user's
        if any(word.startswith(("%s=%s" % (TAG, mark)).encode()) for word in environment):
            found[int(entry.name)] = command.strip()
    return found


def one_run(number, options, environment):
    chance = random.Random(options.seed * 100_003 + number)
    backend = chance.choice(list(BACKENDS) + ["auto"])
    command = [options.delegate, "ask", "-q", "-b", backend, "--timeout", "2s", "hello %d" % number]
    child = subprocess.Popen(command, env={**environment, TAG: "%s/%d" % (environment[TAG], number)},
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    dice = chance.randrange(100)
    leaves = None
    if dice < options.killed:
        leaves = signal.SIGKILL
    elif dice < options.killed + options.cancelled:
        leaves = chance.choice([signal.SIGINT, signal.SIGTERM])
    if leaves is not None:
        try:
            child.wait(timeout=chance.random() * 0.4)
        except subprocess.TimeoutExpired:
            child.send_signal(leaves)
    try:
        return child.wait(timeout=RUN_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return "hung"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delegate", required=True)
    parser.add_argument("--fake-cli", required=True)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--cancelled", type=int, default=20, metavar="PERCENT")
    parser.add_argument("--killed", type=int, default=20, metavar="PERCENT")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.delegate = os.path.abspath(options.delegate)
    mark = "shell-soak-%d" % os.getpid()
    with tempfile.TemporaryDirectory(prefix="delegate-soak-") as home:
        config = pathlib.Path(home) / "delegate.toml"
        write_config(config, os.path.abspath(options.fake_cli))
        environment = {"HOME": home, "PATH": "/usr/bin:/bin", "DELEGATE_CONFIG": str(config), TAG: mark}
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
            codes = collections.Counter(pool.map(lambda number: one_run(number, options, environment), range(options.runs)))
        took = time.monotonic() - begun
        until = time.monotonic() + PATIENCE
        left = marked(mark)
        while left and time.monotonic() < until:
            time.sleep(0.1)
            left = marked(mark)
    print("shell soak: %d runs, %d at a time, %d%% cancelled, %d%% killed, seed %d, %.0f s" %
          (options.runs, options.at_once, options.cancelled, options.killed, options.seed, took))
    print("  exit codes: " + ", ".join("%s: %d" % pair for pair in sorted(codes.items(), key=str)))
    print("  processes left: %d" % len(left))
    for pid, command in sorted(left.items()):
        print("    %d %s" % (pid, command))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return 1 if left or codes["hung"] else 0


if __name__ == "__main__":
    sys.exit(main())
