#!/usr/bin/env python3
"""Records what the real CLIs print, in success and in every failure we can provoke, for the parsers' tests.

    capture_fixtures.py [--into tests/fixtures] [CLI/CASE ...]

Each case is one run of a real CLI, invoked as delegate invokes it, against the fake API, inside a
network of loopback only. It leaves <cli>/<case>.stdout, .stderr and .exit; the last holds the exit code,
or "killed" for a run that went on retrying until we stopped it. Paths and ports of this machine are
replaced by neutral ones; nothing else is changed.
"""

import argparse
import json
import os
import pathlib
import re

from sandbox import HERE, Sandbox, Server, Unavailable, cache, enter_loopback_only_network, install_real_clis

COMMANDS = {
    "claude": ["claude", "-p", "--output-format", "stream-json", "--verbose", "--strict-mcp-config",
               "--tools", "Read,Grep,Glob"],
    "codex": ["codex", "exec", "--json", "--skip-git-repo-check", "--sandbox", "read-only",
              "-c", "analytics.enabled=false"],
    "gemini": ["gemini", "-o", "stream-json", "--skip-trust"],
}
CODEX_STDIN = "-"
GEMINI_MODEL = ["-m", "gemini-2.5-flash"]
SETTINGS_THAT_BOUND_GEMINI = {"general": {"maxAttempts": 1, "retryFetchErrors": False}}
GEMINI_SIGN_IN_WITH_GOOGLE = {"security": {"auth": {"selectedType": "oauth-personal"}}}
NO_SUCH_SESSION = "6d9f7a3c-0000-4000-8000-000000000000"
LARGEST = 30_000
INSTALLED = "DELEGATE_E2E_INSTALLED"


class Case:
    """One recorded run. `retrying`: leave the CLI's own retries on and stop it after that many seconds."""

    def __init__(self, mode="ok", prompt="hello from delegate", argv=(), without=(), environment=None, files=None,
                 session=None, retrying=None, url=None):
        self.mode, self.prompt, self.argv, self.without = mode, prompt, list(argv), without
        self.environment, self.files = environment or {}, files or {}
        self.session, self.retrying, self.url = session, retrying, url


EVERYWHERE = {mode: Case(mode) for mode in ("ok", "empty", "drop", "400ctx", "401", "404",
                                            "429", "429retry", "429quota", "429usage", "500", "529", "403", "502",
                                            "errorevent", "closed", "garbage", "maxtokens", "refusal")} | {
    "resume": Case(session="last", prompt="recall"),
    "resume_unknown": Case(session=NO_SUCH_SESSION, prompt="recall"),
    "flag": Case(argv=["--no-such-flag"]),
    "hang": Case("hang", retrying=6),
    "hangmid": Case("hangmid", retrying=6),
}
SUBSCRIPTION = {"CLAUDE_CODE_OAUTH_TOKEN": "not-a-token"}
CASES = {
    "claude": EVERYWHERE | {
        "ok_partial": Case(argv=["--include-partial-messages"]),
        "ok_subscription": Case(without=["ANTHROPIC_API_KEY"], environment=SUBSCRIPTION),
        "401_subscription": Case("401", without=["ANTHROPIC_API_KEY"], environment=SUBSCRIPTION),
        "429_subscription": Case("429", without=["ANTHROPIC_API_KEY"], environment=SUBSCRIPTION),
        "429usage_subscription": Case("429usage", without=["ANTHROPIC_API_KEY"], environment=SUBSCRIPTION),
        "no_login": Case(without=["ANTHROPIC_API_KEY"]),
        "denied": Case(prompt='call Read {"file_path": "/etc/hostname"}'),
        "401_retrying": Case("401", retrying=6),
        "429retry_retrying": Case("429retry", retrying=6),
    },
    "codex": EVERYWHERE | {
        "unknown_model": Case(argv=["-m", "gpt-unknown"]),
        "tool": Case(argv=["-m", "gpt-5-codex"], prompt='call exec_command {"cmd": "touch made"}'),
        "no_login": Case(without=["CODEX_API_KEY"]),
        "429retry": Case("429retry", retrying=8),
        "refuse": Case("ok", retrying=12, url="http://127.0.0.1:9"),
    },
    "gemini": {name: Case(**{**vars(case), "argv": [*GEMINI_MODEL, *case.argv]}) for name, case in EVERYWHERE.items()} | {
        "ok_auto": Case(),
        "401_auto": Case("401"),
        "tool": Case(argv=[*GEMINI_MODEL, "--approval-mode", "yolo"], prompt='call list_directory {"dir_path": "."}'),
        "no_key": Case(without=["GEMINI_API_KEY"]),
        "no_login": Case(without=["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"], files={".gemini/settings.json": {}}),
        "login_expired": Case(without=["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"],
                              files={".gemini/settings.json": GEMINI_SIGN_IN_WITH_GOOGLE}),
        "429_retrying": Case("429", argv=GEMINI_MODEL, retrying=9),
        "429retry_retrying": Case("429retry", argv=GEMINI_MODEL, retrying=9),
        "500_retrying": Case("500", argv=GEMINI_MODEL, retrying=9),
        "529_retrying": Case("529", argv=GEMINI_MODEL, retrying=9),
        "500_auto_retrying": Case("500", retrying=9),
        "stumble": Case("stumble", argv=GEMINI_MODEL, retrying=30),
    },
}
RESUME = {"claude": lambda session: ["--resume", session], "codex": lambda session: ["resume", session],
          "gemini": lambda session: ["--resume", session]}


def session_of(stdout):
    first = json.loads(stdout.splitlines()[0])
    return first.get("session_id") or first["thread_id"]


def record(cli, case, sandbox, api):
    environment = dict(case.environment)
    if cli == "gemini":
        environment["GEMINI_CLI_NO_RELAUNCH"] = "true"
    if not case.retrying:
        bound = sandbox.write(".config/bound.json", json.dumps(SETTINGS_THAT_BOUND_GEMINI))
        environment |= {"claude": {"CLAUDE_CODE_MAX_RETRIES": "1"}, "codex": {},
                        "gemini": {"GEMINI_CLI_SYSTEM_DEFAULTS_PATH": str(bound)}}[cli]
    for name, value in case.files.items():
        sandbox.write(name, json.dumps(value))
    for name in case.without:
        del sandbox.environment[name]
    stdin = [CODEX_STDIN] if cli == "codex" else []
    argv = [*COMMANDS[cli], *case.argv]
    session = case.session
    if session == "last":
        session = session_of(sandbox.run([*argv, *stdin], "hello from delegate", **environment).stdout)
    if session:
        argv += RESUME[cli](session)
    api.mode(case.mode)
    return sandbox.run([*argv, *stdin], case.prompt, timeout=case.retrying or 120, **environment)


def neutral(text, sandbox, api):
    """The text without this machine's paths and ports."""
    home = str(sandbox.home)
    as_one_name = re.sub(r"[^A-Za-z0-9]", "-", home)  # how Claude names a project's folder
    replacements = [(home, "/home/user"), (as_one_name, "-home-user"), (str(sandbox.temporary), "/tmp"),
                    (str(sandbox.root), "/home/user/sandbox"), (f"127.0.0.1:{api.port}", "127.0.0.1:8080")]
    for found, put in replacements:
        text = text.replace(found, put)
    text = re.sub(re.escape(str(cache())) + r"/[^/\s]*/node_modules", "/usr/lib/node_modules", text)
    return re.sub(r"/tmp/claude-\d+", "/tmp/claude", text)


def write(into, cli, name, done, sandbox, api):
    folder = into / cli
    folder.mkdir(parents=True, exist_ok=True)
    for kind, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        text = neutral(text, sandbox, api)
        if len(text.encode()) > LARGEST:
            raise SystemExit(f"{cli}/{name}.{kind} is larger than {LARGEST} bytes")
        (folder / f"{name}.{kind}").write_text(text)
    (folder / f"{name}.exit").write_text("killed\n" if done.exit_code is None else f"{done.exit_code}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--into", type=pathlib.Path, default=HERE.parent / "fixtures")
    parser.add_argument("cases", nargs="*", metavar="CLI/CASE")
    options = parser.parse_args()
    try:
        if INSTALLED not in os.environ:
            os.environ[INSTALLED] = json.dumps(install_real_clis())
        enter_loopback_only_network()
    except Unavailable as reason:
        raise SystemExit(f"cannot capture: {reason}")
    clis = json.loads(os.environ[INSTALLED])
    for cli, cases in CASES.items():
        for name, case in cases.items():
            if options.cases and f"{cli}/{name}" not in options.cases and cli not in options.cases:
                continue
            sandbox = Sandbox(clis)
            api = Server("fake_api.py", sandbox.root / "api.log")
            try:
                sandbox.use_api(case.url or api.url)
                done = record(cli, case, sandbox, api)
                write(options.into, cli, name, done, sandbox, api)
                print(f"{cli}/{name}: exit {done.exit_code}, {done.seconds:.1f} s, {len(done.stdout)} + "
                      f"{len(done.stderr)} bytes, {len(api.requests())} requests", flush=True)
            finally:
                api.stop()
                sandbox.close()


if __name__ == "__main__":
    main()
