"""One call of a real CLI against the fake API, alone or through `delegate ask --no-fallback --json`."""

import contextlib
import datetime
import json
import os
import re
import time
from typing import NamedTuple

from sandbox import Sandbox, Server, Unavailable, install_real_clis
from world import GEMINI_MODEL, INSTALLED

NEWEST = INSTALLED + "_NEWEST"
PROMPT = "say hello to every one of us, please"  # long enough to be cut in the middle, and to be slow
NO_FAILURES = ("answered", "answered_empty", "refused_by_policy")
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


class Subject(NamedTuple):
    """A CLI with a model; an empty model: what the CLI chooses by itself."""
    cli: str
    model: str = ""

    def title(self):
        return f"{self.cli} -m {self.model}" if self.model else self.cli


# Left to itself, gemini first asks a smaller model how hard the prompt is.
SUBJECTS = {"claude": Subject("claude"), "codex": Subject("codex"), "gemini": Subject("gemini"),
            "flash": Subject("gemini", GEMINI_MODEL)}


@contextlib.contextmanager
def isolated(clis):
    """A sandbox and an API of its own; nothing is left running."""
    sandbox = Sandbox(clis)
    api = Server("fake_api.py", sandbox.root / "api.log")
    try:
        sandbox.use_api(api.url)
        yield sandbox, api
    finally:
        for pid in sandbox.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        api.stop()
        sandbox.close()


def use_subscription(sandbox):
    """Some limits exist only for claude with a subscription, not with a key."""
    del sandbox.environment["ANTHROPIC_API_KEY"]
    sandbox.environment["CLAUDE_CODE_OAUTH_TOKEN"] = "not-a-token"


def write_config(sandbox, subject, command):
    sandbox.write(".config/delegate/delegate.toml", CONFIG.format(
        cli=subject.cli, command=json.dumps(command), env_keep=json.dumps(ENV_KEEP[subject.cli]), model=subject.model))


def ask_argv(delegate, subject, *more):
    return [delegate, "ask", "--json", "--no-fallback", "--no-stdin", "-b", subject.cli, *more, PROMPT]


class Verdict:
    """What delegate reported, and how long it took."""

    def __init__(self, done, api):
        try:
            self.report = json.loads(done.stdout)
        except ValueError:
            raise RuntimeError(f"no JSON\n{done.stdout}\n{done.stderr}") from None
        self.ended_at, self.seconds = time.time(), done.seconds
        self.attempt = (self.report.get("attempts") or [{"outcome": "none", "counted": False}])[0]
        replies = [request["time"] for request in api.requests() if request["model"]]
        self.requests = len(replies)
        self.seconds_since_first_reply = self.ended_at - replies[0] if replies else None

    def outcome(self):
        return self.attempt["outcome"]

    def counted(self):
        return self.attempt["counted"] and self.outcome() not in NO_FAILURES

    def retry_in(self):
        """Seconds; None: no time is stated."""
        if "retry_at" not in self.attempt:
            return None
        at = datetime.datetime.fromisoformat(self.attempt["retry_at"].replace("Z", "+00:00"))
        return at.timestamp() - self.ended_at

    def text(self):
        """As expected_outcomes.py writes it."""
        return self.outcome() + "!" * self.counted() + "@" * (self.retry_in() is not None)

    def message(self):
        return self.attempt.get("message")


def version(clis, cli):
    """From the folder of its package: …/@openai+codex@0.169.0/node_modules/.bin/codex."""
    return re.search(r"@([^/@]+)/node_modules/", clis[cli])[1]


def install(newest):
    """Before the network is given up. What was installed is handed on to this program's second start."""
    if INSTALLED not in os.environ:
        os.environ[INSTALLED] = json.dumps(install_real_clis())
    if newest and NEWEST not in os.environ:
        try:
            os.environ[NEWEST] = json.dumps(install_real_clis("newest"))
        except Unavailable as reason:
            print(f"skipped: {reason}", flush=True)
            os.environ[NEWEST] = "{}"


def installed():
    """The pinned CLIs, and those of the newest ones that are other versions."""
    pinned, newest = json.loads(os.environ[INSTALLED]), json.loads(os.environ.get(NEWEST, "{}"))
    differ = {cli for cli in KEYS if cli in newest and version(newest, cli) != version(pinned, cli)}
    for cli in KEYS:
        if cli in newest:
            print(f"{cli}: pinned {version(pinned, cli)}, newest {version(newest, cli)}"
                  + ("" if cli in differ else ": the same"), flush=True)
    return pinned, newest, differ
