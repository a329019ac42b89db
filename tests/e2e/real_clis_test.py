#!/usr/bin/env python3
"""delegate with the real Claude Code, Codex CLI and Gemini CLI, in a network of loopback only.

    real_clis_test.py --delegate PATH [NAME ...]

The CLIs are the pinned ones from npm; they talk to the fake API with invalid keys, and the
local model is fake, too. Where that cannot be had (no npm, no node, no network namespaces), all
tests are skipped and the reason is printed. NAME selects tests whose sentence contains it.
"""

import json
import sys

import world
from world import GEMINI_MODEL, REAL_CLIS

CONFIG = """
[router]
order = ["claude", "codex", "gemini", "ollama"]

[backends.claude]
env.keep = ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]

[backends.codex]
env.keep = ["CODEX_API_KEY"]

[backends.gemini]
model = "{gemini_model}"
env.keep = ["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"]

[backends.ollama]
url = "{ollama_url}"

[notify]
desktop = false
"""
ANSWERED, FAILED, NOTHING_ADMISSIBLE, DEADLINE = 0, 1, 4, 124


class World(world.World):
    def config(self):
        return CONFIG.format(gemini_model=GEMINI_MODEL, ollama_url=self.ollama.url)

    def ask_json(self, *arguments, **expected):
        answer = json.loads(self.run_delegate("ask", "--json", *arguments, **expected).stdout)
        self.assertEqual(answer["schema"], "delegate.ask/1")
        return answer

    def break_sign_in(self):
        self.api.mode("401")
        for backend in REAL_CLIS:
            self.run_delegate("ask", "-b", backend, "hello", exit_code=FAILED)


class OfEachCli:
    """The tests every real CLI has to pass; `backend` is its name."""

    def test_answer(self):
        "{backend} answers with its usage and its session"
        answer = self.ask_json("-b", self.backend, "hello there")
        self.assertEqual(answer["outcome"], "answered")
        self.assertEqual(answer["answer"], "pong: hello there")
        self.assertEqual(answer["backend"], self.backend)
        self.assertFalse(answer["degraded"])
        self.assertEqual(answer["usage"]["input_tokens"], 11)
        self.assertEqual(answer["usage"]["output_tokens"], 7)
        self.assertTrue(answer["session_id"])
        self.assertEqual([attempt["outcome"] for attempt in answer["attempts"]], ["answered"])
        self.check_model_and_cost(answer)

    def test_plain(self):
        "{backend} prints the answer and nothing else on stdout"
        self.assertEqual(self.run_delegate("ask", "-b", self.backend, "hello").stdout, "pong: hello\n")

    def test_prompt(self):
        "{backend} gets the whole prompt, whatever it contains"
        prompt = "--help\n\"quoted\" 'too' $HOME `id` %s \\n\nünïcode ✓ 漢字\n" + "x" * 200_000 + "\nlast line"
        done = self.run_delegate("ask", "-b", self.backend, "-t", "ask", stdin=prompt)
        self.assertEqual(done.stdout, "pong: last line\n")
        self.assertIn(prompt, self.model_requests(self.part)[-1]["prompt"])

    def test_session(self):
        "{backend} resumes a session and remembers its earlier turns"
        session = self.ask_json("-b", self.backend, "the password is swordfish")["session_id"]
        again = self.ask_json("-b", self.backend, "--session", session, "recall")
        self.assertEqual(again["answer"], "recalled: the password is swordfish")
        self.assertEqual(again["session_id"], session)

    def test_sign_in(self):
        "{backend} is not asked again after one failed sign-in"
        self.api.mode("401")
        failed = self.ask_json("-b", self.backend, "hello", exit_code=FAILED)
        self.assertEqual(failed["attempts"][0]["outcome"], "unauthenticated")
        self.assertLessEqual(len(self.model_requests(self.part)), 3, "a hopeless sign-in was retried")
        seen = len(self.api.requests())
        refused = self.run_delegate("ask", "-b", self.backend, "hello", exit_code=NOTHING_ADMISSIBLE)
        self.assertTrue(refused.stderr.startswith("[delegate:degraded]"), refused.stderr)
        self.assertEqual(refused.stdout, "")
        self.assertEqual(len(self.api.requests()), seen, "the open breaker let a request through")

    def test_quota(self):
        "{backend} without quota is distinguished from {backend} that fails"
        self.api.mode("429quota")
        failed = self.ask_json("-b", self.backend, "hello", exit_code=FAILED)
        self.assertEqual(failed["attempts"][0]["outcome"], "quota_exhausted")

    def test_empty(self):
        "an empty answer of {backend} counts as a failure"
        self.api.mode("empty")
        done = self.sandbox.run([self.delegate, "ask", "--json", "-b", self.backend, "hello"], timeout=90)
        self.assertNotEqual(json.loads(done.stdout)["outcome"], "answered")

    def test_deadline(self):
        "{backend} is stopped at the deadline when it hangs, with all its processes"
        self.api.mode("hang")
        self.run_delegate("ask", "-b", self.backend, "--timeout", "4s", "hello", exit_code=DEADLINE)

    def test_read_only(self):
        "{backend} changes files only with --write"
        prompt = f"call {self.writing_call[0]} " + json.dumps(self.writing_call[1](self.sandbox.project))
        model = ["-m", self.model_with_tools] if self.model_with_tools else []
        self.run_delegate("ask", "-b", self.backend, *model, prompt)
        self.assertFalse((self.sandbox.project / "made").exists(), "written without --write")
        self.run_delegate("ask", "-b", self.backend, *model, "--write", prompt)
        self.assertTrue((self.sandbox.project / "made").exists(), "not written with --write")

    def test_system(self):
        "{backend} gets the system prompt"
        system = 'Answer in "verse".\nTwo lines; é.'
        self.run_delegate("ask", "-b", self.backend, "-s", system, "hello")
        request = self.model_requests(self.part)[-1]
        self.assertIn(system, request["system"] + request["prompt"])


class Claude(OfEachCli, World):
    backend, part = "claude", "anthropic"
    model_with_tools = None
    writing_call = ("Bash", lambda project: {"command": f"sh -c 'echo > {project}/made'", "description": "make it"})

    def check_model_and_cost(self, answer):
        self.assertIn("claude", answer["model"])
        self.assertGreater(answer["usage"]["cost_usd"], 0)


class Codex(OfEachCli, World):
    backend, part = "codex", "openai"
    model_with_tools = "gpt-5-codex"  # the newest ones get theirs in a form this API does not speak
    writing_call = ("exec_command", lambda project: {"cmd": f"touch {project}/made"})

    def check_model_and_cost(self, answer):
        self.assertNotIn("cost_usd", answer["usage"], "Codex does not say what a turn cost")


class Gemini(OfEachCli, World):
    backend, part = "gemini", "gemini"
    model_with_tools = None
    writing_call = ("run_shell_command", lambda project: {"command": f"touch {project}/made"})

    def test_router(self):
        "{backend} is stopped when it silently repeats the request which model to use"
        self.api.mode("empty")
        failed = self.ask_json("-b", "gemini", "-m", "auto", "hello", exit_code=FAILED)
        self.assertEqual(failed["attempts"][0]["outcome"], "bad_output")
        self.assertLess(failed["attempts"][0]["duration_ms"], 25_000)
        self.assertLessEqual(len(self.model_requests(self.part)), 3, "the request was repeated once too often")

    def test_router_answers(self):
        "{backend} answers when it chooses the model itself, also where telemetry is configured"
        self.assertEqual(self.ask_json("-b", "gemini", "-m", "auto", "hello")["answer"], "pong: hello")
        file = self.sandbox.root / "telemetry"
        settings = json.loads((self.sandbox.home / ".gemini/settings.json").read_text())
        settings["telemetry"] = {"enabled": True, "target": "local", "outfile": str(file)}
        self.sandbox.write(".gemini/settings.json", json.dumps(settings))
        self.assertEqual(self.ask_json("-b", "gemini", "-m", "auto", "hello")["answer"], "pong: hello")
        self.assertIn("gemini_cli.api_response", file.read_text())

    def check_model_and_cost(self, answer):
        self.assertEqual(answer["model"], GEMINI_MODEL)
        self.assertNotIn("cost_usd", answer["usage"], "Gemini does not say what a turn cost")


class AllTogether(World):
    def test_one_ask(self):
        "one ask goes through three failed sign-ins to the local model"
        self.api.mode("401")
        answer = self.ask_json("hello")
        self.assertEqual(answer["answer"], "pong: hello")
        self.assertEqual(answer["backend"], "ollama")
        self.assertTrue(answer["degraded"])
        self.assertEqual([(attempt["backend"], attempt["outcome"]) for attempt in answer["attempts"]],
                         [(backend, "unauthenticated") for backend in REAL_CLIS] + [("ollama", "answered")])

    def test_all_open(self):
        "with every breaker open, auto goes straight to the local model and names the skipped backends"
        self.break_sign_in()
        seen = len(self.api.requests())
        done = self.run_delegate("ask", "hello")
        self.assertEqual(done.stdout, "pong: hello\n")
        self.assertIn("skipped", done.stderr)
        for backend in REAL_CLIS:
            self.assertIn(backend, done.stderr)
        self.assertIn("answered by ollama/", done.stderr)
        self.assertEqual(len(self.api.requests()), seen, "an open breaker let a request through")
        self.assertEqual(len(self.ollama.requests(path="/api/chat", prompt="hello")), 1)
        self.assertNotIn("cloud", self.ollama.requests(path="/api/chat")[0]["model"])

    def test_status(self):
        "status shows open breakers, and a reset closes them"
        self.break_sign_in()
        self.assertEqual(self.breaker_states(), dict.fromkeys(REAL_CLIS, "open") | {"ollama": "closed"})
        self.api.mode("ok")
        self.run_delegate("breaker", "reset", "--all")
        self.assertEqual(self.breaker_states(), dict.fromkeys([*REAL_CLIS, "ollama"], "closed"))
        self.assertEqual(self.run_delegate("ask", "hello").stdout, "pong: hello\n")

    def breaker_states(self):
        status = json.loads(self.run_delegate("status", "--json").stdout)
        self.assertEqual(status["schema"], "delegate.status/1")
        return {backend["name"]: backend["breaker"]["state"] for backend in status["backends"]
                if backend["name"] in (*REAL_CLIS, "ollama")}

    def test_one_down(self):
        "one broken sign-in sends auto to the next CLI"
        self.api.mode("401", part="anthropic")
        answer = self.ask_json("hello")
        self.assertEqual((answer["backend"], answer["answer"]), ("codex", "pong: hello"))

    def test_keys(self):
        "claude sees no key from the environment unless the configuration says so"
        self.sandbox.write(".config/delegate/delegate.toml", "[notify]\ndesktop = false\n")
        failed = self.ask_json("-b", "claude", "hello", exit_code=FAILED)
        self.assertEqual(failed["attempts"][0]["outcome"], "unauthenticated")
        self.assertEqual(self.model_requests("anthropic"), [])


class Editors(World):
    """What `delegate setup` writes is what these programs read. Whether the server answers is not asked here."""

    def lists(self, *argv):
        done = self.sandbox.run(list(argv), timeout=90)
        self.assertEqual(done.exit_code, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_claude(self):
        "claude lists delegate after setup has registered it, and no longer after an undo"
        self.lists("claude", "mcp", "add", "-s", "user", "other", "--", "true")
        before = json.loads((self.sandbox.home / ".claude.json").read_text())["mcpServers"]
        self.run_delegate("setup", "claude")
        shown = self.lists("claude", "mcp", "get", "delegate")
        self.assertIn("Scope: User config", shown)
        self.assertIn(f"Command: {self.delegate}", shown)
        self.assertIn("Args: mcp", shown)
        self.run_delegate("setup", "claude", "--undo")
        self.assertEqual(json.loads((self.sandbox.home / ".claude.json").read_text())["mcpServers"], before)

    def test_claude_writes_the_same(self):
        "setup writes the same as claude itself would write"
        self.run_delegate("setup", "claude")
        ours = json.loads((self.sandbox.home / ".claude.json").read_text())["mcpServers"]
        self.run_delegate("setup", "claude", "--undo")
        self.lists("claude", "mcp", "add", "-s", "user", "delegate", "--", self.delegate, "mcp")
        self.assertEqual(json.loads((self.sandbox.home / ".claude.json").read_text())["mcpServers"], ours)
        self.assertIn("already registered", self.run_delegate("setup", "claude").stderr)

    def test_codex(self):
        "codex lists delegate with its timeout and variables after setup, and no longer after an undo"
        config = self.sandbox.home / ".codex/config.toml"
        before = config.read_text()
        self.run_delegate("setup", "codex", "--env", "SOME_KEY")
        [server] = json.loads(self.sandbox.run(["codex", "mcp", "list", "--json"]).stdout)
        self.assertEqual((server["name"], server["enabled"]), ("delegate", True))
        self.assertEqual(server["transport"]["command"], self.delegate)
        self.assertEqual(server["transport"]["args"], ["mcp"])
        self.assertEqual(server["transport"]["env_vars"], ["DELEGATE_RUN_ID", "DELEGATE_DEPTH", "SOME_KEY"])
        self.assertEqual(server["tool_timeout_sec"], 3600)
        self.run_delegate("setup", "codex", "--undo")
        self.assertEqual(config.read_text(), before)
        self.assertEqual(json.loads(self.sandbox.run(["codex", "mcp", "list", "--json"]).stdout), [])

    def test_codex_added_it(self):
        "setup updates an entry that codex itself has added"
        self.lists("codex", "mcp", "add", "delegate", "--", self.delegate, "mcp")
        self.assertIn("registration updated", self.run_delegate("setup", "codex").stderr)
        [server] = json.loads(self.sandbox.run(["codex", "mcp", "list", "--json"]).stdout)
        self.assertEqual(server["tool_timeout_sec"], 3600)

    def test_gemini(self):
        "gemini lists delegate after setup has registered it, and no longer after an undo"
        settings = self.sandbox.home / ".gemini/settings.json"
        before = settings.read_text()
        self.run_delegate("setup", "gemini")
        self.assertIn(f"delegate: {self.delegate} mcp (stdio)", self.lists("gemini", "mcp", "list"))
        self.run_delegate("setup", "gemini", "--undo")
        self.assertEqual(settings.read_text(), before)
        self.assertNotIn(self.delegate, self.lists("gemini", "mcp", "list"))

    def test_status(self):
        "setup finds the three editors and the entries that they have added themselves"
        self.lists("claude", "mcp", "add", "-s", "user", "delegate", "--", self.delegate, "mcp")
        self.lists("gemini", "mcp", "add", "-s", "user", "delegate", self.delegate, "mcp")
        found = {one["name"]: one for one in json.loads(self.run_delegate("setup", "--json").stdout)["editors"]}
        self.assertEqual({name: found[name]["state"] for name in REAL_CLIS},
                         {"claude": "registered", "codex": "not_registered", "gemini": "registered"})
        self.assertTrue(all(found[name]["installed"] for name in REAL_CLIS))


if __name__ == "__main__":
    sys.exit(world.main(__doc__, (Claude, Codex, Gemini, AllTogether, Editors), jobs=2))
