"""A home in which the real Claude Code and Codex CLI have a subscription, and what their vendors report about it."""

import base64
import json
import time

import world

CONFIG = """
[router]
order = ["claude", "codex"]
{router}

[backends.claude]
env.keep = ["ANTHROPIC_BASE_URL"]
{claude}

[backends.codex]
env.keep = ["CODEX_API_KEY"]
{codex}

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
FIVE_HOURS, WEEK = 300, 7 * 24 * 60  # minutes
# The fake API reads no compressed requests.
CODEX_CONFIG = """
openai_base_url = "{url}/v1"
chatgpt_base_url = "{url}/backend-api"
[features]
enable_request_compression = false
"""


def config(router="", claude="", codex=""):
    return CONFIG.format(router=router, claude=claude, codex=codex)


def now():
    return int(time.time())


class ClaudeCli:
    name, part, directory_variable = "claude", "anthropic", "CLAUDE_CONFIG_DIR"
    prefix = "anthropic-ratelimit-unified-"

    def headers(self, five_hour, seven_day, status="allowed", five_hour_ends=None, **more):
        """`more`: headers that replace these, with _ for -."""
        end = five_hour_ends or now() + HOUR
        headers = {"status": status, "representative-claim": "five_hour", "reset": end,
                   "5h-status": status, "5h-utilization": five_hour, "5h-reset": end,
                   "7d-status": "allowed", "7d-utilization": seven_day, "7d-reset": now() + 24 * HOUR}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return {self.prefix + name: str(value) for name, value in headers.items()}

    def headers_beyond(self):
        """Five hours are used up, and this answer is billed extra."""
        return self.headers(1.0, 0.5, "rejected", overage_status="allowed")

    def sign_in(self, sandbox, api_url, directory, account):
        sandbox.environment.pop("CLAUDE_CODE_OAUTH_TOKEN", None)
        directory.mkdir(exist_ok=True)
        login = {"accessToken": "not-a-token", "refreshToken": "not-a-token", "expiresAt": (now() + 24 * HOUR) * 1000,
                 "scopes": ["user:inference", "user:profile"], "subscriptionType": "max", "rateLimitTier": "max_20x"}
        (directory / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))
        place = {"accountUuid": "account-of-" + account, "emailAddress": "person@example.com"}
        (directory / ".claude.json").write_text(json.dumps({"oauthAccount": place}))


class CodexCli:
    name, part, directory_variable = "codex", "openai", "CODEX_HOME"
    prefix = "x-codex-"

    def headers(self, five_hour, seven_day, five_hour_ends=None, **more):
        """`more`: headers that replace these, with _ for -."""
        headers = {"primary-used-percent": percent(five_hour), "primary-window-minutes": FIVE_HOURS,
                   "primary-reset-at": five_hour_ends or now() + HOUR,
                   "secondary-used-percent": percent(seven_day), "secondary-window-minutes": WEEK,
                   "secondary-reset-at": now() + 24 * HOUR}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return {self.prefix + name: str(value) for name, value in headers.items()}

    def headers_beyond(self):
        """Five hours are used up, and this answer is billed extra."""
        return self.headers(1.0, 0.5, credits_has_credits="true", credits_unlimited="false", credits_balance="12.50")

    def usage(self, five_hour, seven_day, balance):
        """What the CLI is answered that asks without a call."""
        def window(share, minutes, left):
            return {"used_percent": percent(share), "limit_window_seconds": minutes * 60,
                    "reset_after_seconds": left, "reset_at": now() + left}

        return {"plan_type": "plus", "credits": {"has_credits": True, "unlimited": False, "balance": balance},
                "rate_limit": {"allowed": True, "limit_reached": False,
                               "primary_window": window(five_hour, FIVE_HOURS, HOUR),
                               "secondary_window": window(seven_day, WEEK, 24 * HOUR)}}

    def sign_in(self, sandbox, api_url, directory, account):
        directory.mkdir(exist_ok=True)
        (directory / "config.toml").write_text(CODEX_CONFIG.format(url=api_url))
        token = ".".join(part_of_token(part) for part in (
            {"alg": "none"},
            {"email": "person@example.com", "exp": now() + 24 * HOUR, "https://api.openai.com/auth": {
                "chatgpt_plan_type": "plus", "chatgpt_account_id": "account-of-" + account}})) + ".c2ln"
        login = {"OPENAI_API_KEY": None, "last_refresh": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                 "tokens": {"id_token": token, "access_token": token, "refresh_token": "none",
                            "account_id": "account-of-" + account}}
        (directory / "auth.json").write_text(json.dumps(login))
        sandbox.environment.pop("CODEX_API_KEY", None)


def percent(share):
    """Of a share; what is none stays as it is."""
    if not isinstance(share, (int, float)):
        return share
    value = round(share * 100, 3)
    return int(value) if value == int(value) else value


def part_of_token(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


CLAUDE, CODEX = ClaudeCli(), CodexCli()


def shares(windows):
    """By the windows' names."""
    return {window["name"]: window["used"] for window in windows}


class QuotaWorld(world.World):
    """claude has a subscription's token. codex has a key, with which the vendor reports windows, too."""

    def setUp(self):
        super().setUp()
        del self.sandbox.environment["ANTHROPIC_API_KEY"]
        self.sandbox.environment["CLAUDE_CODE_OAUTH_TOKEN"] = "not-a-token"

    def config(self):
        return config()

    def configure(self, **settings):
        self.sandbox.write(".config/delegate/delegate.toml", config(**settings))

    def answer_with(self, cli, *headers, mode="ok"):
        """The vendor's next answer has the first headers, the one after it the second ones; the last ones stay."""
        self.api.mode(mode, cli.part, {"headers": list(headers)})

    def ask_json(self, *arguments, exit_code=0):
        return json.loads(self.run_delegate("ask", "--json", *arguments, "hello", exit_code=exit_code).stdout)

    def windows_of_run(self, run):
        """The shares before and after its call."""
        quota = json.loads(self.run_delegate("runs", "--json", run).stdout)["attempts"][0].get("quota")
        return tuple(shares(quota[when]) if quota else {} for when in ("before", "after"))

    def ask(self, backend):
        """One call: the shares before and after it."""
        return self.windows_of_run(self.ask_json("-b", backend)["run_id"])

    def known(self, backend):
        """What `delegate quota` knows of it."""
        [one] = json.loads(self.run_delegate("quota", "--json", backend).stdout)["backends"]
        return one.get("quota", {"windows": []})

    def budget(self):
        """The only one, as `delegate quota` knows it."""
        [budget] = json.loads(self.run_delegate("quota", "--json").stdout)["budgets"]
        return budget

    def skips_of(self, answer, backend):
        return [skip for skip in answer["skipped"] if skip["backend"] == backend]

    def skip_of(self, answer, backend):
        [skip] = self.skips_of(answer, backend)
        return skip

    def wait_until(self, condition, seconds=60):
        give_up = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), give_up, "waited in vain")
            time.sleep(0.05)

    def calls(self, cli):
        """How often its model was asked."""
        return len(self.model_requests(cli.part))
