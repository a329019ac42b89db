#!/usr/bin/env python3
"""The queue of background runs under load, with a backend that may be dead and processes that are killed at random
moments. One table row per cell; exits with 1 if a promise is broken.

  queue_load.py --delegate BINARY [--quick] [--cells N,CAP,BACKEND,kill|no ...] [--seed N] [--shells N]
                [--wait-seconds S] [--keep DIRECTORY]

BACKEND is ok, or dead with what background.on_open is then: dead/fail, dead/reroute or dead/wait; dead: all three.

Promised in every cell: never more CLIs at once than background.max_parallel; no run is started twice; every run that
`submit` accepted ends, or is `killed` if its process was killed after it had started; turns are given in the order of
submission; an open breaker starts no CLI; no request, no prompt and no process stays behind.

Columns: most CLIs at once/cap (counting_cli.cpp explains how); CLI starts (while dead>afterwards, /of the other backend);
runs started twice; lost runs; killed runs (before their CLI); turns out of order; CLIs overtaken on the way to their
start, which is normal with several places; requests and files with prompts that were left (with kills: until the next
command); latency of `submit` in ms; CPU of all delegate processes while everything waits, in % of a core; kills of
submit/job/supervisor/dispatcher; how often nothing dispatched until another command did; seconds; outcomes.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from load_host import KILLED_SHARE, PROMPT, THRESHOLD, Host, Killer

PATIENCE = 10  # seconds until a process that is still there counts as leaked
QUICK = ["50,1,ok,no", "50,1,ok,kill", "50,1,dead/wait,no", "50,1,dead/reroute,kill", "50,4,ok,no", "50,4,ok,kill",
         "50,4,dead/reroute,no", "50,4,dead/fail,kill", "200,1,ok,kill", "200,1,dead/fail,no", "200,4,ok,no",
         "200,4,ok,kill", "200,4,dead/fail,no", "200,4,dead/wait,kill"]
FULL = ["%d,%d,%s,%s" % (queued, cap, backend, kill) for queued in (50, 200, 1000, 5000) for cap in (1, 4, 16)
        for backend in ("ok", "dead") for kill in ("no", "kill")]
BACKENDS = {one: [one] for one in ("ok", "dead/fail", "dead/reroute", "dead/wait")}
BACKENDS["dead"] = [one for one in BACKENDS if one != "ok"]
COLUMNS = [("queued", 6), ("cap", 3), ("backend", -12), ("kill", -4), ("most", 6), ("starts", 10), ("twice", 5), ("lost", 4),
           ("killed", 8), ("order", 5), ("overt", 5), ("reqs", 4), ("prom", 4), ("p50", 5), ("p99", 5), ("max", 5),
           ("cpu%", 5), ("kills", 13), ("stalls", 6), ("s", 5), ("outcomes", -1)]

Cell = collections.namedtuple("Cell", "queued cap backend kill")
Submitted = collections.namedtuple("Submitted", "shell number ms code run error")
Job = collections.namedtuple("Job", "run number state turn turn_at result")  # a row


def line_of(values):
    return " ".join("%*s" % (width, value) for (_, width), value in zip(COLUMNS, values))


def parse_cells(text):
    words = text.split(",")
    if len(words) != 4 or words[2] not in BACKENDS or words[3] not in ("kill", "no"):
        raise argparse.ArgumentTypeError(text)
    return [Cell(int(words[0]), int(words[1]), backend, words[3]) for backend in BACKENDS[words[2]]]


def wait_until(is_done, seconds):
    until = time.monotonic() + seconds
    while not is_done() and time.monotonic() < until:
        time.sleep(0.1)


def submit_all(host, shells, seed):
    """Each shell submits one run after the other."""
    def submit(shell, number, lives):
        begun = time.perf_counter()
        child = host.start("submit", "--no-stdin", "%s number %d" % (PROMPT, number))
        try:
            out, err = child.communicate(timeout=lives)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
        return Submitted(shell, number, (time.perf_counter() - begun) * 1000, child.returncode, out.strip(), err.strip())

    def one_shell(shell):
        chance = random.Random("%s/%d" % (seed, shell))
        is_killed = lambda: host.cell.kill == "kill" and chance.random() < KILLED_SHARE
        return [submit(shell, number, chance.random() * 0.03 if is_killed() else None)
                for number in range(shell, host.cell.queued, shells)]

    with concurrent.futures.ThreadPoolExecutor(shells) as pool:
        return [one for some in pool.map(one_shell, range(shells)) for one in some]


def play(host, options, seed):
    """Fills the queue behind CLIs that wait at a gate, then lets them go."""
    cell, cpu, while_dead = host.cell, "-", None
    (host.home / "gate").touch()
    if cell.backend != "ok":
        (host.home / "first").touch()
    killer = Killer(host, seed)
    if cell.kill == "kill":
        killer.start()
    submitted = submit_all(host, options.shells, seed)
    if all(one.code for one in submitted):
        sys.exit("queue_load: nothing can be submitted: " + submitted[0].error)
    wait_until(lambda: len(host.cli_starts()) >= min(cell.cap, cell.queued), 5)
    if cell.kill == "no" and cell.backend != "dead/wait":
        cpu = host.wait_cpu(options.wait_seconds)
    (host.home / "gate").unlink()
    if cell.backend == "dead/wait":
        is_open = "SELECT 1 FROM backend_state WHERE name = 'first' AND json_extract(state, '$.breaker.state') = 'open'"
        wait_until(lambda: host.has_none("1") and host.select(is_open), 30)
        cpu = cpu if cell.kill == "kill" else host.wait_cpu(options.wait_seconds)
        while_dead = len(host.cli_starts())
        (host.home / "first").unlink()
        host.start("breaker", "reset", "first").communicate()
    wait_until(lambda: host.has_none("0, 1, 4"), 30 + 0.3 * cell.queued)
    killer.done.set()
    if killer.is_alive():
        killer.join()
    wait_until(lambda: not host.processes() and all(one.poll() is not None for one in host.rescues), PATIENCE)
    return submitted, killer, cpu, while_dead


def judge(host, submitted, killer, cpu, while_dead):
    """The columns of the row, and the broken promises."""
    cell, broken, kills = host.cell, [], host.cell.kill == "kill"

    def none(found, words):
        if found:
            broken.append("%s: %d, such as %s" % (words, len(found), found[:3]))
        return len(found)

    prompts = host.files_with_prompts()
    if kills:  # in the log of a process that was killed: the next command empties it
        host.start("runs").communicate()
    none(host.files_with_prompts() if kills else prompts, "prompts left")
    jobs = [Job(*row) for row in host.select("SELECT id, number, state, turn, turn_at, result FROM jobs ORDER BY number")]
    by_run = {job.run: job for job in jobs}
    results = {job.run: json.loads(job.result or "{}") for job in jobs if job.state == 2}
    accepted = [one for one in submitted if one.code == 0]
    starts = host.cli_starts()
    none([one for one in submitted if one.code not in (0, -signal.SIGKILL)], "submit failed")

    none([one for one in starts if int(one.at_once) > cell.cap], "over the cap")
    times = collections.Counter((one.backend, one.run) for one in starts)
    twice = none([run for run in times if times[run] > 1], "started twice")
    unended = [job for job in jobs if job.state not in (2, 3)]
    lost = none(unended + [one for one in accepted if one.run not in by_run], "lost")
    killed = [job.run for job in jobs if job.state == 3]
    none([run for run in killed if run not in killer.rows_after], "killed, but not by this campaign")
    early = [run for run in killed if not any(run == start.run for start in starts)]
    none([run for run in early if all(begun != 1 for _, begun in killer.rows_after.get(run, [(3, 1)]))],
         "killed before a start was recorded")

    # Only first turns: one that was returned is given again later.
    turns = [job for job in jobs if job.turn == 1]
    order = none([job for job, next_one in zip(turns, turns[1:]) if job.turn_at > next_one.turn_at], "turns out of order")
    for shell in {one.shell for one in accepted}:
        own = [by_run[one.run].number for one in accepted if one.shell == shell and one.run in by_run]
        none([number for number, next_one in zip(own, own[1:]) if number > next_one], "not queued in order of submission")
    overtaken, highest = [], 0
    for number in [by_run[one.run].number for one in starts if one.backend == "first" and one.run in by_run]:
        overtaken, highest = overtaken + [number] * (number < highest), max(highest, number)
    none(overtaken if cell.cap == 1 and not kills else [], "CLIs out of order")

    answers = {one.run: "answer to %d" % one.number for one in accepted}
    none([run for run in answers if results.get(run, {}).get("answer", answers[run]) != answers[run]], "wrong answer")
    outcomes = collections.Counter(result.get("outcome", "none") for result in results.values())
    by_backend = collections.Counter(start.backend for start in starts)
    before = by_backend["first"] if while_dead is None else while_dead
    in_flight = cell.cap + killer.kills["job"] + killer.kills["supervisor"]  # which are failures that do not count
    none([before] if cell.backend != "ok" and before > THRESHOLD + in_flight else [], "starts of a dead backend")
    unanswered = len(results) - outcomes["answered"]
    expected = killer.kills["supervisor"] + (while_dead or 0)
    none([outcomes] if cell.backend != "dead/fail" and unanswered > expected else [], "not answered")
    left = [row for row in host.select("SELECT id FROM job_requests")] + list(host.state.glob("set-aside/*"))
    requests = none(left, "requests left")
    none([] if kills else host.rescues, "queued, and nothing dispatched")
    none(list(host.processes().items()), "processes left")

    ms = sorted(one.ms for one in accepted)
    text = str(before) + (">%d" % (by_backend["first"] - before) if while_dead is not None else "")
    text += "/%d" % by_backend["second"] if by_backend["second"] else ""
    killed_of = [sum(one.code == -signal.SIGKILL for one in submitted)]
    killed_of += [killer.kills[kind] for kind in ("job", "supervisor", "dispatcher")]
    return ["%d/%d" % (max((int(start.at_once) for start in starts), default=0), cell.cap), text, twice, lost,
            "%d(%d)" % (len(killed), len(early)), order, len(overtaken), requests, len(prompts),
            "%.0f" % statistics.median(ms), "%.0f" % ms[int(len(ms) * 0.99)], "%.0f" % ms[-1], cpu,
            "/".join(map(str, killed_of)) if kills else "-", len(host.rescues)], outcomes, broken


def run_cell(cell, options, cli):
    seed = "-".join(str(word).replace("/", "-") for word in (options.seed, *cell))
    with tempfile.TemporaryDirectory(prefix="delegate-load-") as home:
        (pathlib.Path(home) / "bin").mkdir()
        os.symlink(cli, home + "/bin/cli")
        host, begun = Host(home, options.delegate, cell), time.monotonic()
        try:
            values, outcomes, broken = judge(host, *play(host, options, seed))
        finally:
            host.kill_all()
        ends = ["%.0f" % (time.monotonic() - begun), " ".join("%s:%d" % one for one in sorted(outcomes.items()))]
        print(line_of([*cell, *values, *ends]))
        print("".join("       BROKEN: %s\n" % words for words in broken), end="", flush=True)
        if broken and options.keep:
            subprocess.run(["cp", "-a", home, options.keep / seed], check=True)
        return not broken


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delegate", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cells", type=parse_cells, nargs="+", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shells", type=int, default=8)
    parser.add_argument("--wait-seconds", type=float)
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIRECTORY", help="for the homes of cells that broke a promise")
    options = parser.parse_args()
    options.delegate = os.path.realpath(options.delegate)
    options.wait_seconds = options.wait_seconds or (1 if options.quick else 8)
    cells = [cell for some in options.cells or map(parse_cells, QUICK if options.quick else FULL) for cell in some]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # after which every process is ended as well
    print(line_of([name for name, _ in COLUMNS]), flush=True)
    with tempfile.TemporaryDirectory(prefix="delegate-load-cli-") as place:
        source = pathlib.Path(__file__).with_name("counting_cli.cpp")
        subprocess.run(["c++", "-std=c++20", "-O2", "-o", place + "/cli", source], check=True)
        kept = [run_cell(cell, options, place + "/cli") for cell in cells]
    print("queue load: %d of %d cells kept every promise, seed %d" % (sum(kept), len(kept), options.seed))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
