#!/usr/bin/env python3
"""Quota windows that the real Claude Code and Codex CLI report, and what follows, in a network of loopback only.

    quota_test.py --delegate PATH [--quick] [NAME ...]

The fake API sends the headers with which the vendors report the windows of a subscription, other ones with each answer.
What reaches delegate is what the real CLIs make of them.
"""

import datetime
import json
import sys
import time

import world
from quota_world import CLAUDE, CODEX, HOUR, LOGINS, QuotaWorld, config, now, shares

NOTHING_ADMISSIBLE = 4
TOKENS_OF_A_CALL = 18
MOMENT = r"((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\d\d:\d\d"


class OfEachCli:
    """The tests that both have to pass; `cli` is the one under test."""

    @property
    def backend(self):
        return self.cli.name

    def test_moving(self):
        "the windows of {backend} move with each answer"
        headers = self.cli.headers
        self.answer_with(self.cli, headers(0.37, 0.42), headers(0.41, 0.43), {}, headers(0.4, 0.43))
        first, second = {"five_hour": 0.37, "seven_day": 0.42}, {"five_hour": 0.41, "seven_day": 0.43}
        self.assertEqual(self.ask(self.backend), ({}, first))
        self.assertEqual(self.ask(self.backend), (first, second))
        self.assertEqual(self.ask(self.backend), (second, second), "no figures made the known ones unknown")
        self.assertEqual(self.ask(self.backend), (second, {"five_hour": 0.4, "seven_day": 0.43}), "not the newest ones")

    def test_seen(self):
        "what {backend} has reported is in status, in quota and in the line for prompts"
        end = now() + HOUR
        self.answer_with(self.cli, self.cli.headers(0.91, 0.42, five_hour_ends=end))
        self.ask_json("-b", self.backend)
        self.assertRegex(self.run_delegate("status").stdout,
                         rf"QUOTA\n{self.backend} +5 h 91 % used, until {MOMENT} · week 42 %\n")
        self.assertRegex(self.run_delegate("quota").stdout,
                         rf"\n{self.backend} +5 h +91 % +9 % +{MOMENT} [^\n]*\n +week +42 % +58 % +{MOMENT} ")
        self.assertEqual(self.run_delegate("quota", "--short").stdout, f"{self.backend} 9%\n")
        known = self.known(self.backend)
        self.assertEqual(shares(known["windows"]), {"five_hour": 0.91, "seven_day": 0.42})
        self.assertEqual(known["windows"][0]["ends_at"], datetime.datetime.fromtimestamp(
            end, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        self.assertEqual({window["source"] for window in known["windows"]}, {"call"})
        status = json.loads(self.run_delegate("status", "--json").stdout)["backends"]
        self.assertEqual({one["name"]: one["quota"] for one in status if "quota" in one}, {self.backend: known})

    def test_malformed(self):
        "figures of {backend} that make no sense are none"
        for share in ("nonsense", "-0.5", "nan", "inf", "1e400", "0,5", ""):
            self.answer_with(self.cli, self.cli.headers(share, 0.42))
            self.assertEqual(self.ask(self.backend)[1], {"seven_day": 0.42}, repr(share))

    def test_too_much(self):
        "a window of {backend} with more than 100 % used is used up"
        self.answer_with(self.cli, self.cli.headers(1.7, 0.42))
        self.assertEqual(self.ask(self.backend)[1], {"five_hour": 1, "seven_day": 0.42})

    def test_ends(self):
        "a window of {backend} that has ended, or would end later than it is long, is not believed"
        for end in (now() - 60, now() + 30 * 24 * HOUR):
            self.answer_with(self.cli, self.cli.headers(0.9, 0.42, five_hour_ends=end))
            self.assertEqual(self.ask(self.backend)[1], {"seven_day": 0.42}, end)

    def test_ended(self):
        "a window of {backend} whose end has passed is full again, and holds back no call"
        self.configure(**{self.backend: 'reserve = "15%"'})
        end = self.hear_of_window_that_ends_soon()
        self.wait_until(lambda: time.time() > end)
        five_hours = self.known(self.backend)["windows"][0]
        self.assertEqual((five_hours["name"], five_hours["used"], five_hours.get("ends_at")), ("five_hour", 0, None))
        self.assertEqual(self.run_delegate("quota", "--short", self.backend).stdout, f"{self.backend} 58%\n")
        self.answer_with(self.cli, {})
        self.assertEqual(self.skips_of(self.ask_json(), self.backend), [])

    def hear_of_window_that_ends_soon(self):
        """The window's end, which comes after that of the call, however slow this machine is."""
        for seconds in (3, 10, 40):
            end = now() + seconds
            self.answer_with(self.cli, self.cli.headers(0.9, 0.42, five_hour_ends=end))
            if self.ask(self.backend)[1].get("five_hour") == 0.9:
                return end
        return self.fail("no call has ended before its window")

    def test_at_once(self):
        "of two calls of {backend} at once the one that is heard last counts, and neither reports an error"
        self.api.mode("held", self.cli.part)
        prompts = ("hello", "hello to all of you")  # the longer answer takes longer
        running = [self.sandbox.start([self.delegate, "ask", "--json", "-b", self.backend, each]) for each in prompts]
        self.wait_until(lambda: self.calls(self.cli) == 2)
        windows = [{"five_hour": 0.5, "seven_day": 0.8}, {"five_hour": 0.7, "seven_day": 0.6}]
        self.answer_with(self.cli, *(self.cli.headers(*each.values()) for each in windows), mode="slow")
        done = [each.finish(90) for each in running]
        self.assertEqual([(each.exit_code, each.stderr) for each in done], [(0, ""), (0, "")])
        first, second = (self.windows_of_run(json.loads(each.stdout)["run_id"]) for each in done)
        self.assertEqual((first[0], second[0]), ({}, first[1]), "they did not end in this order")
        self.assertCountEqual((first[1], second[1]), windows)
        self.assertEqual(shares(self.known(self.backend)["windows"]), second[1])

    def test_extra_billing(self):
        "an answer of {backend} that was billed extra says so, unless that is allowed or to be avoided"
        self.answer_with(self.cli, self.cli.headers_beyond())
        done = self.run_delegate("ask", "--json", "-b", self.backend, "hello")
        said = rf"{self.backend}: billed extra: its 5 h window is used up until {MOMENT}"
        self.assertRegex(done.stderr, rf"\Adelegate: {said}\n\Z")
        answer = json.loads(done.stdout)
        self.assertRegex(answer["warnings"][0], said)
        attempt = json.loads(self.run_delegate("runs", "--json", answer["run_id"]).stdout)["attempts"][0]
        self.assertTrue(attempt["quota"]["billed_extra"])
        self.assertEqual(shares(attempt["quota"]["after"]), {"five_hour": 1, "seven_day": 0.5})
        self.configure(**{self.backend: 'overage = "allow"'})
        self.assertEqual(self.run_delegate("ask", "-b", self.backend, "hello").stderr, "")
        self.configure(**{self.backend: 'overage = "avoid"'})
        refused = self.ask_json("-b", self.backend, exit_code=NOTHING_ADMISSIBLE)
        self.assertEqual(refused["outcome"], "extra_billing")
        self.assertEqual(self.calls(self.cli), 2)

    def test_budget_of_tokens(self):
        "the tokens that {backend} reports use up a budget"
        self.configure(**{self.backend: 'budget.day = "40 tokens"'})
        for _ in range(2):
            self.assertEqual(self.ask_json("-b", self.backend)["outcome"], "answered")
        refused = self.ask_json("-b", self.backend, exit_code=NOTHING_ADMISSIBLE)
        self.assertEqual(refused["outcome"], "budget_exhausted")
        self.assertRegex(self.skip_of(refused, self.backend)["message"],
                         r"^what is left of its budget of 40 tokens a day \(4 tokens\) "
                         rf"is not enough for this call \(about {TOKENS_OF_A_CALL} tokens\), until {MOMENT}$")
        self.assertEqual(self.calls(self.cli), 2)
        budget = self.budget()
        self.assertEqual((budget["backend"], budget["unit"], budget["limit"], budget["spent"], budget["reserved"]),
                         (self.backend, "tokens", 40, 2 * TOKENS_OF_A_CALL, 0))

    def test_logins(self):
        "each login of {backend} has windows of its own"
        self.sandbox.write(".config/delegate/delegate.toml", config() + LOGINS.format(
            backend=self.backend, variable=self.cli.directory_variable, home=self.sandbox.home))
        for login in ("first", "second"):
            self.sign_in(login, login)
        self.answer_with(self.cli, self.cli.headers(0.9, 0.8), self.cli.headers(0.2, 0.1))
        first, second = {"five_hour": 0.9, "seven_day": 0.8}, {"five_hour": 0.2, "seven_day": 0.1}
        self.assertEqual(self.ask(self.backend + "@home"), ({}, first))
        self.assertEqual(self.ask(self.backend + "@work"), ({}, second))
        self.sign_in("second", "another account")
        self.answer_with(self.cli, self.cli.headers(0.1, 0.1))
        self.assertEqual(self.ask(self.backend + "@work"), (second, {"five_hour": 0.1, "seven_day": 0.1}))
        self.answer_with(self.cli, {})
        self.assertEqual(self.ask(self.backend + "@home")[1], first)
        self.nothing_of_the_account_is_stored()

    def sign_in(self, directory, account):
        self.cli.sign_in(self.sandbox, self.api.url, self.sandbox.home / directory, account)

    def nothing_of_the_account_is_stored(self):
        stored = b"".join(file.read_bytes() for file in (self.sandbox.home / ".local/state/delegate").iterdir()
                          if file.is_file())
        for word in (b"person@example.com", b"account-of-", b"plus", b"max_20x"):
            self.assertNotIn(word, stored)


class Claude(OfEachCli, QuotaWorld):
    cli = CLAUDE

    def test_api_key(self):
        "claude with an API key reports no windows, and none are invented"
        del self.sandbox.environment["CLAUDE_CODE_OAUTH_TOKEN"]
        self.sandbox.environment["ANTHROPIC_API_KEY"] = "not-a-key"
        self.sandbox.write(".config/delegate/delegate.toml",
                           config().replace('["ANTHROPIC_BASE_URL"]', '["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]'))
        self.answer_with(CLAUDE, {})
        self.assertEqual(self.ask("claude"), ({}, {}))

    def test_no_end(self):
        "claude reports no window whose end makes no sense"
        for end in ("soon", ""):
            self.answer_with(CLAUDE, CLAUDE.headers(0.9, 0.42, **{"5h_reset": end}))
            self.assertEqual(self.ask("claude")[1], {"seven_day": 0.42}, repr(end))

    def test_refresh(self):
        "a refresh of claude is one call"
        self.answer_with(CLAUDE, CLAUDE.headers(0.5, 0.3), CLAUDE.headers(0.64, 0.33))
        self.ask_json("-b", "claude")
        refreshed = self.run_delegate("quota", "--refresh", "--json", "claude")
        self.assertEqual(refreshed.stderr, "delegate: quota: claude was asked with a one-line call\n")
        self.assertEqual(json.loads(refreshed.stdout)["refreshed"], [{"backend": "claude", "by": "ping"}])
        self.assertEqual(shares(self.known("claude")["windows"]), {"five_hour": 0.64, "seven_day": 0.33})
        self.assertEqual(self.calls(CLAUDE), 2)


class Codex(OfEachCli, QuotaWorld):
    cli = CODEX

    def test_other_windows(self):
        "windows of codex of another length are named by it, and an older spelling of their end is read"
        self.answer_with(CODEX, {"x-codex-primary-used-percent": "12.5", "x-codex-primary-window-minutes": "1440",
                                 "x-codex-primary-reset-after-seconds": "600",
                                 "x-codex-primary-reset-at": str(now() + 600)})
        self.assertEqual(self.ask("codex"), ({}, {"24h": 0.125}))

    def test_no_end(self):
        "a window of codex whose end makes no sense has none"
        for end in ("soon", "-1"):
            self.answer_with(CODEX, CODEX.headers(0.9, 0.42, primary_reset_at=end))
            self.assertEqual(self.ask("codex")[1], {"five_hour": 0.9, "seven_day": 0.42}, repr(end))
            self.assertNotIn("ends_at", self.known("codex")["windows"][0])

    def test_no_length(self):
        "a window of codex whose length makes no sense is none"
        for minutes in ("0", "-5", "soon", ""):
            self.answer_with(CODEX, CODEX.headers(0.9, 0.42, primary_window_minutes=minutes))
            self.assertEqual(self.ask("codex")[1], {"seven_day": 0.42}, repr(minutes))

    def test_used_up(self):
        "a call that codex refuses because a window is used up leaves its windows"
        self.api.mode("429usage", CODEX.part, {"headers": [CODEX.headers(1.0, 0.42)]})
        failed = self.ask_json("-b", "codex", exit_code=1)
        self.assertEqual(failed["attempts"][0]["outcome"], "quota_exhausted")
        self.assertEqual(self.windows_of_run(failed["run_id"]), ({}, {"five_hour": 1, "seven_day": 0.42}))

    def test_refresh(self):
        "a refresh of codex asks its app-server, without a call"
        self.sign_in(".codex", "first")
        self.answer_with(CODEX, CODEX.headers(0.5, 0.3))
        self.ask_json("-b", "codex")
        asked = len(self.api.requests(method="POST"))
        self.api.mode("ok", CODEX.part, {"usage": CODEX.usage(0.64, 0.33, balance="12.50")})
        refreshed = self.run_delegate("quota", "--refresh", "--json", "codex")
        self.assertEqual(refreshed.stderr, "")
        self.assertEqual(json.loads(refreshed.stdout)["refreshed"], [{"backend": "codex", "by": "cli"}])
        known = self.known("codex")
        self.assertEqual(shares(known["windows"]), {"five_hour": 0.64, "seven_day": 0.33})
        self.assertEqual({window["source"] for window in known["windows"]}, {"refresh"})
        self.assertEqual(known["overage"], {"in_use": False, "allowed": True, "credits": "12.50"})
        self.assertEqual(len(self.api.requests(method="POST")), asked, "it has called a model")
        self.assertEqual(len(json.loads(self.run_delegate("runs", "--json").stdout)["runs"]), 1)
        self.nothing_of_the_account_is_stored()

    def test_refresh_during_a_call(self):
        "the figures of a call that ends after a refresh of codex replace the refreshed ones, also in the same second"
        self.sign_in(".codex", "first")
        self.api.mode("held", CODEX.part, {"usage": CODEX.usage(0.5, 0.3, balance="12.50")})
        call = self.sandbox.start([self.delegate, "ask", "-b", "codex", "hello"])
        self.wait_until(lambda: self.calls(CODEX) == 1)
        refreshed = json.loads(self.run_delegate("quota", "--refresh", "--json", "codex").stdout)
        self.answer_with(CODEX, CODEX.headers(0.52, 0.31))
        self.assertEqual(call.finish(90).exit_code, 0)
        known = self.known("codex")["windows"]
        self.assertEqual(shares(known), {"five_hour": 0.52, "seven_day": 0.31})
        self.assertGreater(known[0]["heard_at"], refreshed["backends"][0]["quota"]["windows"][0]["heard_at"])

    def test_refresh_with_a_key(self):
        "a codex with an API key, whose app-server knows no windows, is asked with one call"
        self.answer_with(CODEX, CODEX.headers(0.64, 0.33))
        refreshed = self.run_delegate("quota", "--refresh", "--json", "codex")
        self.assertEqual(refreshed.stderr, "delegate: quota: codex was asked with a one-line call\n")
        self.assertEqual(shares(self.known("codex")["windows"]), {"five_hour": 0.64, "seven_day": 0.33})
        self.assertEqual(self.calls(CODEX), 1)


class Steered(QuotaWorld):
    """Both CLIs, claude first."""

    def test_reserve(self):
        "auto keeps a reserve of claude and asks codex; a named claude is asked"
        self.configure(claude='reserve = "15%"')
        self.answer_with(CLAUDE, CLAUDE.headers(0.9, 0.42))
        self.assertEqual(self.ask_json()["backend"], "claude")
        done = self.run_delegate("ask", "--json", "hello")
        answer = json.loads(done.stdout)
        self.assertEqual((answer["backend"], answer["degraded"]), ("codex", True))
        skip = self.skip_of(answer, "claude")
        self.assertEqual((skip["reason"], skip["until"]), ("reserved", self.known("claude")["windows"][0]["ends_at"]))
        self.assertRegex(skip["message"], rf"^kept for you: 10 % of the 5 h window left, until {MOMENT}$")
        self.assertEqual(done.stderr, f"delegate: claude skipped ({skip['message']}); answered by codex\n")
        self.assertEqual(self.ask_json("-b", "claude")["backend"], "claude")

    def test_reserve_of_a_window(self):
        "a reserve of one window leaves the other one to auto"
        self.configure(claude='reserve = { seven_day = "20%" }')
        self.answer_with(CLAUDE, CLAUDE.headers(0.95, 0.5), CLAUDE.headers(0.1, 0.85))
        for _ in range(2):
            self.assertEqual(self.ask_json()["backend"], "claude")
        answer = self.ask_json()
        self.assertEqual(answer["backend"], "codex")
        self.assertRegex(self.skip_of(answer, "claude")["message"],
                         rf"^kept for you: 15 % of the week left, until {MOMENT}$")

    def test_all_reserved(self):
        "with everything reserved a firm reserve refuses, and a soft one is used"
        reserves = {cli.name: 'reserve = "15%"' for cli in (CLAUDE, CODEX)}
        for cli in (CLAUDE, CODEX):
            self.answer_with(cli, cli.headers(0.9, 0.42))
            self.ask_json("-b", cli.name)
        self.configure(router='reserve_is = "firm"', **reserves)
        refused = self.ask_json(exit_code=NOTHING_ADMISSIBLE)
        self.assertEqual((refused["outcome"], refused["attempts"]), ("reserved", []))
        for backend in reserves:
            self.assertEqual(self.skip_of(refused, backend)["reason"], "reserved")
        self.assertRegex(refused["error"]["message"],
                         rf"^no backend is available right now: claude: kept for you: .*, until {MOMENT}$")
        self.configure(router='reserve_is = "soft"', **reserves)
        answer = self.ask_json()
        self.assertEqual((answer["backend"], answer["warnings"]),
                         ("claude", ["claude: its reserve is used: no other backend has answered"]))
        self.assertEqual((self.calls(CLAUDE), self.calls(CODEX)), (2, 1))

    def test_extra_billing_avoided(self):
        "auto passes over a claude that would be billed extra if that is to be avoided"
        self.configure(claude='overage = "avoid"')
        self.answer_with(CLAUDE, CLAUDE.headers_beyond())
        self.assertEqual(self.ask_json()["backend"], "claude", "the call that crosses the line cannot be foreseen")
        answer = self.ask_json()
        self.assertEqual(answer["backend"], "codex")
        skip = self.skip_of(answer, "claude")
        self.assertEqual((skip["reason"], skip["until"]),
                         ("extra_billing", self.known("claude")["windows"][0]["ends_at"]))
        self.assertRegex(skip["message"],
                         rf"^its 5 h window is used up, and more would be billed extra, until {MOMENT}$")
        self.assertEqual(self.calls(CLAUDE), 1)

    def test_budget_of_calls(self):
        "a budget of two calls lets the third one go to codex, and refuses it if claude is named"
        self.configure(claude='budget.day = "2 calls"')
        self.assertEqual([self.ask_json()["backend"] for _ in range(3)], ["claude", "claude", "codex"])
        refused = self.ask_json("-b", "claude", exit_code=NOTHING_ADMISSIBLE)
        self.assertEqual(refused["outcome"], "budget_exhausted")
        skip = self.skip_of(refused, "claude")
        self.assertRegex(skip["message"],
                         rf"^its budget of 2 calls a day is used up \(2 calls used\), until {MOMENT}$")
        budget = self.budget()
        self.assertEqual((budget["spent"], budget["limit"]), (2, 2))
        self.assertEqual((skip["reason"], skip["until"]), ("budget_exhausted", budget["ends_at"]))
        self.assertEqual((self.calls(CLAUDE), self.calls(CODEX)), (2, 1))

    def test_budget_in_dollars(self):
        "the cost that claude reports uses up a budget"
        cost = self.ask_json()["usage"]["cost_usd"]
        self.configure(claude=f'budget.day = "${2.5 * cost:.9f}"')
        self.assertEqual([self.ask_json()["backend"] for _ in range(2)], ["claude", "codex"])
        self.assertAlmostEqual(self.budget()["spent"], 2 * cost)


if __name__ == "__main__":
    quick = ("test_moving", "test_refresh", "test_reserve")
    sys.exit(world.main(__doc__, [Claude, Codex, Steered], quick, jobs=2))
