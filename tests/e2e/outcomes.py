#!/usr/bin/env python3
"""What delegate makes of every way in which the real CLIs can fail: measured, held to a table, written down.

    outcomes.py --delegate PATH [--bare] [--newest] [--write docs/outcomes.md] [--quick] [--jobs N] [NAME ...]

Each mode of each CLI is one run through `delegate ask --no-fallback --json` with the real CLI against the fake
API, in a network of loopback only. --bare runs the CLI alone, too, as a script would call it, for at most 60 s. A run
that does not end as expected_outcomes.py says fails, and the difference is printed. --newest also runs the versions
that npm offers now; one that ends otherwise than the pinned version is a difference, too. NAME is a mode, a subject
(claude, codex, gemini, flash) or SUBJECT/MODE. --write needs every mode, and --bare.
"""

import argparse
import concurrent.futures
import pathlib
import re
import sys

from expected_outcomes import CUT, CUT_WITHIN, LOCAL, MODES, QUICK, QUICK_SUBJECTS, SLOW_START
from outcomes_document import document
from real_call import (KEYS, PROMPT, SUBJECTS, Verdict, ask_argv, install, installed, isolated, use_subscription,
                       version, write_config)
from sandbox import Unavailable, cache, enter_loopback_only_network

BARE_LIMIT = 60
NO_SUCH_SESSION = "6d9f7a3c-0000-4000-8000-000000000000"
NO_SUCH_FLAG = "--no-such-flag"
NO_SUCH_HOST = "http://api.invalid"
NO_SERVER = "http://127.0.0.1:9"
BARE = {"claude": ["claude", "-p"], "codex": ["codex", "exec"], "gemini": ["gemini"]}
TRUST = {"claude": [], "codex": ["--skip-git-repo-check"], "gemini": ["--skip-trust"]}
RESUME = {"claude": ["--resume", NO_SUCH_SESSION], "codex": ["resume", NO_SUCH_SESSION],
          "gemini": ["--resume", NO_SUCH_SESSION]}
LAST = {"claude": [], "codex": ["-"], "gemini": []}
READ_ONLY = ["unshare", "-m", "sh", "-c",
             'mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" && cd "$PWD" && exec "$@"', "--"]


class Run:
    """One mode of one subject, alone and through delegate."""

    def __init__(self, name, mode, clis, delegate, bare):
        self.name, self.mode, self.clis, self.delegate = name, mode, clis, delegate
        self.subject = SUBJECTS[name]
        self.cli = self.subject.cli
        self.bare = self.alone() if bare else None
        self.verdict = self.through_delegate()

    def alone(self):
        argv = [*BARE[self.cli], *(["-m", self.subject.model] if self.subject.model else [])]
        if self.mode != "untrusted":
            argv += TRUST[self.cli]
        if self.mode == "flag":
            argv.append(NO_SUCH_FLAG)
        if self.mode == "session":
            argv += RESUME[self.cli]
        with isolated(self.clis) as (sandbox, api):
            return self.run(sandbox, api, [*argv, *LAST[self.cli]], BARE_LIMIT)

    def through_delegate(self):
        more = ["--session", NO_SUCH_SESSION] if self.mode == "session" else []
        with isolated(self.clis) as (sandbox, api):
            write_config(sandbox, self.subject, [self.cli, NO_SUCH_FLAG] if self.mode == "flag" else [self.cli])
            return Verdict(self.run(sandbox, api, ask_argv(self.delegate, self.subject, *more), 90), api)

    def run(self, sandbox, api, argv, limit):
        if self.mode in ("refuse", "offline"):
            sandbox.use_api(NO_SERVER if self.mode == "refuse" else NO_SUCH_HOST)
        if self.mode == "login":
            del sandbox.environment[KEYS[self.cli]]
        if self.mode == "429usage" and self.cli == "claude":
            use_subscription(sandbox)
        if self.mode == "readonly":
            # The breakers' place is somewhere else: this is about the CLI.
            sandbox.environment["XDG_STATE_HOME"] = str(sandbox.temporary / "state")
            argv = [*READ_ONLY, *argv]
            for tool in ("unshare", "mount"):
                (sandbox.bin / tool).symlink_to(f"/usr/bin/{tool}")
        api.mode("ok" if self.mode in LOCAL else self.mode)
        done = sandbox.run(argv, PROMPT, timeout=limit)
        for text in ("stdout", "stderr"):
            setattr(done, text, neutral(getattr(done, text), sandbox, api))
        return done

    def difference(self):
        """From the table; None: none."""
        wanted, most, verdict = MODES[self.mode].verdicts[self.name], MODES[self.mode].most + SLOW_START, self.verdict
        took = verdict.seconds_since_first_reply
        late = verdict.seconds > most or (self.mode in CUT and took is not None and took > CUT_WITHIN)
        ways = [way.replace("?", at) for way in wanted.split("/") for at in ("@", "")]
        if verdict.text() not in ways or late:
            since = f", {took:.1f} s after the first reply" if took is not None else ""
            return (f"{self.name}/{self.mode}: wanted {wanted} within {most} s\n"
                    f"{'':8}got    {verdict.text()} after {verdict.seconds:.1f} s{since}: {verdict.message()}")
        return None

    def compared_with(self, pinned):
        """In what a newer version ends otherwise; None: it does not."""
        if self.verdict.text() == pinned.verdict.text():
            return None
        return (f"{self.name}/{self.mode}: {self.cli} {version(self.clis, self.cli)}: {self.verdict.text()} after "
                f"{self.verdict.seconds:.1f} s ({self.verdict.message()}); {version(pinned.clis, self.cli)}: "
                f"{pinned.verdict.text()}")


def neutral(text, sandbox, api):
    """The text without what differs from run to run."""
    for found, put in ((str(sandbox.home), "~"), (str(sandbox.temporary), "/tmp"), (str(sandbox.root), "/sandbox"),
                       (str(api.port), "PORT")):
        text = text.replace(found, put)
    text = re.sub(r"\b(req|msg)_[0-9a-f]+", r"\1_…", text)
    text = re.sub(r"\b\d{1,2}:\d\d ?([AP]M|[ap]m)\b", "TIME", text)
    text = re.sub(r"\b\d+ms\b", "N ms", text)
    text = re.sub(re.escape(str(cache())) + r"/[^/\s]*/node_modules", "node_modules", text)
    return re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "UUID", text)


def versions(clis):
    return {cli: version(clis, cli) for cli in KEYS if cli in clis}


def wanted_runs(names, quick):
    for mode in MODES:
        for name, subject in SUBJECTS.items():
            if names and not {name, mode, f"{name}/{mode}"} & set(names):
                continue
            if not quick or (mode in QUICK and name in QUICK_SUBJECTS):
                yield name, mode


def perform(wanted, clis, delegate, options, judge):
    """The runs by name and mode, and what is wrong with them."""
    runs, differences = {}, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(Run, name, mode, clis, delegate, options.bare) for name, mode in wanted]
        for future in futures:
            run = future.result()
            runs[run.name, run.mode] = run
            difference = judge(run)
            print("FAIL  " + difference if difference else f"ok    {run.name}/{run.mode}: {run.verdict.text()} "
                  f"after {run.verdict.seconds:.1f} s", flush=True)
            differences += [difference] if difference else []
    return runs, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--delegate", type=pathlib.Path, required=True, metavar="PATH", help="the program under test")
    parser.add_argument("--bare", action="store_true", help="run the CLIs alone, too")
    parser.add_argument("--newest", action="store_true", help="run the newest published versions, too")
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE", help="write the document")
    parser.add_argument("--quick", action="store_true", help="only the fast and most telling modes")
    parser.add_argument("--jobs", type=int, default=6, metavar="N", help="runs at a time (default: 6)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these subjects or modes")
    options = parser.parse_args()
    if options.write and (options.names or options.quick or not options.bare):
        parser.error("--write needs every mode, and --bare")
    wanted = list(wanted_runs(options.names, options.quick))
    try:
        install(options.newest)
        enter_loopback_only_network()
    except Unavailable as reason:
        print(f"skipped: {reason}\n0 as expected, 0 not, {len(wanted)} skipped")
        return 0
    pinned, newest, differ = installed()
    delegate = str(options.delegate.resolve())
    runs, differences = perform(wanted, pinned, delegate, options, Run.difference)
    options.bare = False
    of_newest = [(name, mode) for name, mode in wanted if SUBJECTS[name].cli in differ]
    newer_runs, newer_differences = perform(of_newest, newest, delegate, options,
                                            lambda run: run.compared_with(runs[run.name, run.mode]))
    if options.write:
        options.write.write_text(document(runs, versions(pinned), versions(newest), newer_differences))
    failed = len(differences) + len(newer_differences)
    print(f"{len(runs) + len(newer_runs) - failed} as expected, {failed} not, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
