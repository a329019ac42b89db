#!/usr/bin/env python3
"""What delegate learns about the quota windows of the real Claude Code and Codex CLI, in a network of loopback only.

    quota_test.py --delegate PATH [--quick] [NAME ...]

The fake API sends the headers with which the vendors report the windows of a subscription, other ones with each answer.
What reaches delegate is what the real CLIs make of them.
"""

import base64
import json
import sys
import time

import world

CONFIG = """
[router]
order = ["claude", "codex"]

[backends.claude]
env.keep = ["ANTHROPIC_BASE_URL"]

[backends.codex]
env.keep = ["CODEX_API_KEY"]

[backends.ollama]
enabled = false

[notify]
desktop = false
"""
LOGINS = """
[[backends.{backend}.logins]]
name = "home"
env = {{ {variable} = "{home}/first" }}
[[backends.{backend}.logins]]
name = "work"
env = {{ {variable} = "{home}/second" }}
"""
HOUR = 3600
# The fake API reads no compressed requests.
CODEX_CONFIG = """
openai_base_url = "{url}/v1"
chatgpt_base_url = "{url}/backend-api"
[features]
enable_request_compression = false
"""


def at(seconds):
    return str(int(time.time()) + seconds)


class OfEachCli:
    """The tests that both have to pass; `backend` is the CLI's name, `part` that of its vendor's API."""

    def config(self):
        return CONFIG

    def answer_with(self, *headers):
        self.api.mode("ok", self.part, {"headers": list(headers)})

    def ask(self, backend=None):
        """One call: its shares by window, before and after."""
        answer = self.run_delegate("ask", "--json", "-b", backend or self.backend, "hello")
        return self.windows_of(json.loads(answer.stdout)["run_id"])

    def windows_of(self, run):
        shown = json.loads(self.run_delegate("runs", "--json", run).stdout)
        quota = shown["attempts"][0].get("quota", {"before": [], "after": []})
        return tuple({window["name"]: window["used"] for window in quota[when]} for when in ("before", "after"))

    def test_moving(self):
        "the windows of {backend} move with each answer"
        self.answer_with(self.headers(0.37, 0.42), self.headers(0.41, 0.43), {}, self.headers(0.4, 0.43))
        first, second = {"five_hour": 0.37, "seven_day": 0.42}, {"five_hour": 0.41, "seven_day": 0.43}
        self.assertEqual(self.ask(), ({}, first))
        self.assertEqual(self.ask(), (first, second))
        self.assertEqual(self.ask(), (second, second), "an answer without figures made the known ones unknown")
        self.assertEqual(self.ask(), (second, {"five_hour": 0.4, "seven_day": 0.43}), "the newest reading counts")

    def test_malformed(self):
        "figures of {backend} that make no sense are none"
        for share in ("nonsense", "-0.5", "nan"):
            self.answer_with(self.headers(share, 0.42))
            self.assertIn(self.ask()[1], ({}, {"seven_day": 0.42}), share)

    def test_logins(self):
        "each login of {backend} has windows of its own"
        self.sandbox.write(".config/delegate/delegate.toml", CONFIG + LOGINS.format(
            backend=self.backend, variable=self.directory_variable, home=self.sandbox.home))
        for login in ("first", "second"):
            self.sign_in(self.sandbox.home / login, login)
        self.answer_with(self.headers(0.9, 0.8), self.headers(0.2, 0.1))
        first, second = {"five_hour": 0.9, "seven_day": 0.8}, {"five_hour": 0.2, "seven_day": 0.1}
        self.assertEqual(self.ask(self.backend + "@home"), ({}, first))
        self.assertEqual(self.ask(self.backend + "@work"), ({}, second))
        self.sign_in(self.sandbox.home / "second", "another account")
        self.answer_with(self.headers(0.1, 0.1))
        self.assertEqual(self.ask(self.backend + "@work"), (second, {"five_hour": 0.1, "seven_day": 0.1}))
        self.answer_with({})
        self.assertEqual(self.ask(self.backend + "@home")[1], first)
        self.nothing_of_the_account_is_stored()

    def nothing_of_the_account_is_stored(self):
        stored = b"".join(file.read_bytes() for file in (self.sandbox.home / ".local/state/delegate").iterdir()
                          if file.is_file())
        for word in (b"person@example.com", b"account-of-", b"plus", b"max_20x"):
            self.assertNotIn(word, stored)


class Claude(OfEachCli, world.World):
    backend, part, directory_variable = "claude", "anthropic", "CLAUDE_CONFIG_DIR"

    def setUp(self):
        super().setUp()
        del self.sandbox.environment["ANTHROPIC_API_KEY"]
        self.sandbox.environment["CLAUDE_CODE_OAUTH_TOKEN"] = "not-a-token"

    def headers(self, five_hour, seven_day, status="allowed"):
        prefix = "anthropic-ratelimit-unified-"
        headers = {"status": status, "representative-claim": "five_hour", "reset": at(HOUR),
                   "5h-status": status, "5h-utilization": str(five_hour), "5h-reset": at(HOUR),
                   "7d-status": "allowed", "7d-utilization": str(seven_day), "7d-reset": at(24 * HOUR)}
        return {prefix + name: value for name, value in headers.items()}

    def sign_in(self, directory, account):
        self.sandbox.environment.pop("CLAUDE_CODE_OAUTH_TOKEN", None)
        directory.mkdir(exist_ok=True)
        login = {"accessToken": "not-a-token", "refreshToken": "not-a-token", "expiresAt": (int(at(24 * HOUR))) * 1000,
                 "scopes": ["user:inference", "user:profile"], "subscriptionType": "max", "rateLimitTier": "max_20x"}
        (directory / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))
        place = {"accountUuid": "account-of-" + account, "emailAddress": "person@example.com"}
        (directory / ".claude.json").write_text(json.dumps({"oauthAccount": place}))

    def test_api_key(self):
        "claude with an API key reports no windows, and none are invented"
        del self.sandbox.environment["CLAUDE_CODE_OAUTH_TOKEN"]
        self.sandbox.environment["ANTHROPIC_API_KEY"] = "not-a-key"
        self.sandbox.write(".config/delegate/delegate.toml",
                           CONFIG.replace('["ANTHROPIC_BASE_URL"]', '["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]'))
        self.answer_with({})
        self.assertEqual(self.ask(), ({}, {}))

    def test_extra_billing(self):
        "claude says that it is billed extra once a window is used up"
        self.answer_with(self.headers(1.0, 0.5, "rejected") | {"anthropic-ratelimit-unified-overage-status": "allowed"})
        run = json.loads(self.run_delegate("ask", "--json", "-b", "claude", "hello").stdout)["run_id"]
        quota = json.loads(self.run_delegate("runs", "--json", run).stdout)["attempts"][0]["quota"]
        self.assertTrue(quota["billed_extra"])
        self.assertEqual(quota["after"][0]["used"], 1)


class Codex(OfEachCli, world.World):
    backend, part, directory_variable = "codex", "openai", "CODEX_HOME"

    def headers(self, five_hour, seven_day):
        def percent(share):
            return str(round(share * 100, 3)) if isinstance(share, float) else share

        windows = {"primary": (five_hour, 300, at(HOUR)), "secondary": (seven_day, 7 * 24 * 60, at(24 * HOUR))}
        return {f"x-codex-{window}-{name}": str(value) for window, (share, minutes, end) in windows.items()
                for name, value in (("used-percent", percent(share)), ("window-minutes", minutes), ("reset-at", end))}

    def sign_in(self, directory, account):
        directory.mkdir(exist_ok=True)
        (directory / "config.toml").write_text(CODEX_CONFIG.format(url=self.api.url))
        token = ".".join(self.part_of_token(part) for part in (
            {"alg": "none"},
            {"email": "person@example.com", "exp": int(at(24 * HOUR)), "https://api.openai.com/auth": {
                "chatgpt_plan_type": "plus", "chatgpt_account_id": "account-of-" + account}})) + ".c2ln"
        login = {"OPENAI_API_KEY": None, "last_refresh": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                 "tokens": {"id_token": token, "access_token": token, "refresh_token": "none",
                            "account_id": "account-of-" + account}}
        (directory / "auth.json").write_text(json.dumps(login))
        self.sandbox.environment.pop("CODEX_API_KEY", None)

    def part_of_token(self, value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    def test_other_windows(self):
        "windows of codex of another length are named by it, and an older spelling of their end is read"
        self.answer_with({"x-codex-primary-used-percent": "12.5", "x-codex-primary-window-minutes": "1440",
                          "x-codex-primary-reset-after-seconds": "600", "x-codex-primary-reset-at": at(600)})
        self.assertEqual(self.ask(), ({}, {"24h": 0.125}))

    def test_used_up(self):
        "a call that codex refuses because a window is used up leaves its windows"
        self.api.mode("429usage", self.part, {"headers": [self.headers(1.0, 0.42)]})
        failed = json.loads(self.run_delegate("ask", "--json", "-b", "codex", "hello", exit_code=1).stdout)
        self.assertEqual(failed["attempts"][0]["outcome"], "quota_exhausted")
        self.assertEqual(self.windows_of(failed["run_id"]), ({}, {"five_hour": 1, "seven_day": 0.42}))


if __name__ == "__main__":
    sys.exit(world.main(__doc__, [Claude, Codex], quick=("test_moving",), jobs=2))
