#!/usr/bin/env python3
"""What delegate makes of every way in which the real CLIs can fail: measured, held to a table, written down.

    outcomes.py --delegate PATH [--bare] [--write docs/outcomes.md] [--quick] [--jobs N] [CLI/MODE | CLI | MODE ...]

Each mode of each CLI is one run through `delegate ask --no-fallback --json` with the real CLI against the fake
API, in a network of loopback only. --bare runs the CLI alone, too, as a script would call it, for at most 60 s. A run
that does not end as expected_outcomes.py says fails, and the difference is printed. --write needs every mode, and --bare.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import sys
import time

from expected_outcomes import CLIS, LOCAL, MODES, QUICK
from outcomes_document import document
from sandbox import Sandbox, Server, Unavailable, cache, enter_loopback_only_network, install_real_clis
from world import GEMINI_MODEL, INSTALLED

PROMPT = "say hello to every one of us, please"  # long enough to be cut in the middle, and to be slow
BARE_LIMIT = 60
NO_SUCH_SESSION = "6d9f7a3c-0000-4000-8000-000000000000"
NO_SUCH_FLAG = "--no-such-flag"
NO_FAILURES = ("answered", "answered_empty", "refused_by_policy")
BARE = {"claude": ["claude", "-p"], "codex": ["codex", "exec"], "gemini": ["gemini", "-m", GEMINI_MODEL]}
TRUST = {"claude": [], "codex": ["--skip-git-repo-check"], "gemini": ["--skip-trust"]}
RESUME = {"claude": ["--resume", NO_SUCH_SESSION], "codex": ["resume", NO_SUCH_SESSION],
          "gemini": ["--resume", NO_SUCH_SESSION]}
LAST = {"claude": [], "codex": ["-"], "gemini": []}
KEYS = {"claude": "ANTHROPIC_API_KEY", "codex": "CODEX_API_KEY", "gemini": "GEMINI_API_KEY"}
ENV_KEEP = {"claude": ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"], "codex": ["CODEX_API_KEY"],
            "gemini": ["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"]}
CONFIG = """
[notify]
desktop = false
[backends.{cli}]
command = {command}
model = "{model}"
env.keep = {env_keep}
timeout = "30s"
first_output_timeout = "20s"
idle_timeout = "10s"
"""
READ_ONLY = ["unshare", "-m", "sh", "-c",
             'mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" && cd "$PWD" && exec "$@"', "--"]


class Run:
    """One mode of one CLI, alone and through delegate."""

    def __init__(self, cli, mode, clis, delegate, bare):
        self.cli, self.mode, self.clis, self.delegate = cli, mode, clis, delegate
        self.bare = self.alone() if bare else None
        self.done = self.through_delegate()
        try:
            self.answer = json.loads(self.done.stdout)
        except ValueError:
            raise RuntimeError(f"{cli}/{mode}: no JSON\n{self.done.stdout}\n{self.done.stderr}") from None
        self.ended_at = time.time()
        self.attempt = (self.answer.get("attempts") or [{"outcome": "none", "counted": False}])[0]

    def alone(self):
        argv = [*BARE[self.cli]]
        if self.mode != "untrusted":
            argv += TRUST[self.cli]
        if self.mode == "flag":
            argv.append(NO_SUCH_FLAG)
        if self.mode == "session":
            argv += RESUME[self.cli]
        return self.in_sandbox(lambda sandbox: [*argv, *LAST[self.cli]], BARE_LIMIT)

    def through_delegate(self):
        argv = [self.delegate, "ask", "--json", "--no-fallback", "--no-stdin", "-b", self.cli]
        if self.mode == "session":
            argv += ["--session", NO_SUCH_SESSION]

        def prepare(sandbox):
            command = [self.cli, NO_SUCH_FLAG] if self.mode == "flag" else [self.cli]
            sandbox.write(".config/delegate/delegate.toml", CONFIG.format(
                cli=self.cli, command=json.dumps(command), env_keep=json.dumps(ENV_KEEP[self.cli]),
                model=GEMINI_MODEL if self.cli == "gemini" else ""))
            return [*argv, PROMPT]
        return self.in_sandbox(prepare, 90)

    def in_sandbox(self, prepare, limit):
        sandbox = Sandbox(self.clis)
        api = Server("fake_api.py", sandbox.root / "api.log")
        try:
            sandbox.use_api("http://127.0.0.1:9" if self.mode == "refuse" else api.url)
            if self.mode == "login":
                del sandbox.environment[KEYS[self.cli]]
            if self.mode == "429usage" and self.cli == "claude":  # only a subscription has such a limit
                del sandbox.environment["ANTHROPIC_API_KEY"]
                sandbox.environment["CLAUDE_CODE_OAUTH_TOKEN"] = "not-a-token"
            argv = prepare(sandbox)
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
        finally:
            for pid in sandbox.processes():
                os.kill(pid, 9)
            api.stop()
            sandbox.close()

    def counted(self):
        return self.attempt["counted"] and self.attempt["outcome"] not in NO_FAILURES

    def verdict(self):
        """As expected_outcomes.py writes it."""
        return self.attempt["outcome"] + "!" * self.counted() + "@" * ("retry_at" in self.attempt)

    def difference(self):
        wanted, most = MODES[self.mode].verdicts[self.cli], MODES[self.mode].most
        if self.verdict() not in (wanted, wanted.replace("?", "@"), wanted.replace("?", "")) or \
                self.done.seconds > most:
            return (f"{self.cli}/{self.mode}: wanted {wanted} within {most} s\n"
                    f"{'':8}got    {self.verdict()} after {self.done.seconds:.1f} s: {self.attempt.get('message')}")
        return None


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
    """From the folders of the packages: …/@openai+codex@0.169.0/node_modules/.bin/codex."""
    return {cli: re.search(r"@([\d.]+)/node_modules/", clis[cli])[1] for cli in CLIS}


def wanted_runs(names, quick):
    for mode in MODES:
        for cli in CLIS:
            if names and not {cli, mode, f"{cli}/{mode}"} & set(names):
                continue
            if not quick or mode in QUICK:
                yield cli, mode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--delegate", type=pathlib.Path, required=True, metavar="PATH", help="the program under test")
    parser.add_argument("--bare", action="store_true", help="run the CLIs alone, too")
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE", help="write the document")
    parser.add_argument("--quick", action="store_true", help="only the fast and most telling modes")
    parser.add_argument("--jobs", type=int, default=6, metavar="N", help="runs at a time (default: 6)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these CLIs or modes")
    options = parser.parse_args()
    if options.write and (options.names or options.quick or not options.bare):
        parser.error("--write needs every mode, and --bare")
    wanted = list(wanted_runs(options.names, options.quick))
    try:
        if INSTALLED not in os.environ:
            os.environ[INSTALLED] = json.dumps(install_real_clis())
        enter_loopback_only_network()
    except Unavailable as reason:
        print(f"skipped: {reason}\n0 as expected, 0 not, {len(wanted)} skipped")
        return 0
    clis, delegate = json.loads(os.environ[INSTALLED]), str(options.delegate.resolve())
    runs, differences = {}, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(Run, cli, mode, clis, delegate, options.bare) for cli, mode in wanted]
        for future in futures:
            run = future.result()
            runs[run.cli, run.mode] = run
            difference = run.difference()
            print("FAIL  " + difference if difference else f"ok    {run.cli}/{run.mode}: {run.verdict()}", flush=True)
            differences += [difference] if difference else []
    if options.write:
        options.write.write_text(document(runs, versions(clis)))
    print(f"{len(runs) - len(differences)} as expected, {len(differences)} not, 0 skipped")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
