#!/usr/bin/env python3
"""The real Claude Code, Codex CLI, Gemini CLI and opencode as clients of `delegate mcp`, in a network of loopback only.

    agents_test.py --delegate PATH [NAME ...]

Each is registered with `delegate setup` and run headless with the fake API as its model, which calls delegate's
tools; the backend that delegate asks is fake, too. Every test writes down what went over the wires, to build/e2e or to
$DELEGATE_E2E_TRANSCRIPTS.

A backend may take 300 s where a client gives up after 60 s. Here the client gives up after 5 s, and the backend ends
when the test lets it, which is later than that; with DELEGATE_E2E_REAL_TIME set both take their time.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import world
from recorder import TO_CLIENT, TO_SERVER
from sandbox import HERE, NOT_A_KEY, json_lines

CONFIG = """
[router]
order = ["helper"]
local = ""

[backends.helper]
kind = "command"
command = ["{helper}"]
can = ["write_files"]
first_output_timeout = "0s"  # it says nothing until it has its answer
idle_timeout = "0s"

[backends.signed_out]
kind = "claude"
command = ["{replay}", "401_subscription"]

[backends.used_up]
kind = "claude"
command = ["{replay}", "429usage"]

[backends.forgetful]
kind = "claude"
command = ["{replay}", "resume_unknown"]

[notify]
desktop = false
"""
# Waits for a word when there is a gate.
HELPER = """#!/bin/sh
echo $$ >>"$HOME/starts"
prompt=$(cat)
[ ! -p "$HOME/gate" ] || read -r word <"$HOME/gate"
case $prompt in
  "give the long answer") cat "$HOME/long" ;;
  "write made.txt") echo one >made.txt; echo written ;;
  *) echo "the helper heard: $prompt" ;;
esac
"""
# What a recorded Claude Code has said.
REPLAY = """#!/bin/sh
cat >/dev/null
cat {recorded}/$1.stdout
cat {recorded}/$1.stderr >&2
exit "$(cat {recorded}/$1.exit)"
"""
RECORDER = """#!/bin/sh
exec {python} {recorder} {log} {program} "$@"
"""
REAL_TIME = "DELEGATE_E2E_REAL_TIME" in os.environ
# Seconds; and how often `result` is called, which waits until shortly before the client gives up.
CLIENT_GIVES_UP, BACKEND_TAKES, FETCHES = (60, 300, 7) if REAL_TIME else (5, 0, 2)
HEARD = "the helper heard: what is six by seven?"
QUESTION = '{"prompt": "what is six by seven?"}'
FOR_A_SHELL = re.compile(r"--[a-z]|\bdelegate (ask|status|breaker|result|runs)\b|\b(closed|half-open)\b")


def long_answer():
    """About 100 kB, which a client counts in several ways: as bytes, characters, JSON text, tokens or lines."""
    return "".join([
        "".join(f"{number}: plain words of an answer that has lines of an ordinary length\n" for number in range(400)),
        "".join(f'"{number}" \\ \'quoted\' <b>&amp;</b> {{"a": "\\n"}}\t$HOME `id`\n' for number in range(400)),
        "".join(f"{number} ünïcode ✓ 漢字 😀 日本語の文章\n" for number in range(400)),
        "a line that is longer than a part " * 400, "\n",
        "".join(f"{number}\n" for number in range(4000)),
        "the end"])


def answer_above(text):
    """Without the line that says who has answered."""
    return text.rpartition("\n\n[helper, ")[0]


class Wire:
    """What client and server said to each other."""

    def __init__(self, log):
        self.log = log
        log.touch()

    def entries(self):
        return [{**entry, "message": json.loads(entry["line"])} for entry in json_lines(self.log)]

    def methods(self):
        """What the client said."""
        return [entry["message"].get("method") for entry in self.entries() if entry["to"] == TO_SERVER]

    def calls(self, tool):
        """The arguments of each call of a tool."""
        messages = [entry["message"] for entry in self.entries()]
        return [message["params"]["arguments"] for message in messages
                if message.get("method") == "tools/call" and message["params"]["name"] == tool]


    def answers(self):
        """What delegate has answered, in whole or in part."""
        results = [entry["message"].get("result", {}) for entry in self.entries() if entry["to"] == TO_CLIENT]
        return [result["structuredContent"].get("answer") for result in results if "structuredContent" in result]

    def gave_up(self):
        """The ids of the calls that the client has cancelled before they were answered."""
        answered, given_up = set(), []
        for entry in self.entries():
            message = entry["message"]
            if entry["to"] == TO_CLIENT:
                answered.add(message.get("id"))
            elif message.get("method") == "notifications/cancelled" and message["params"]["requestId"] not in answered:
                given_up.append(message["params"]["requestId"])
        return given_up


class Agents(world.World):
    environment = {}

    def config(self):
        replay = self.script("replay", REPLAY.format(recorded=HERE.parent / "fixtures/claude"))
        return CONFIG.format(helper=self.script("helper", HELPER), replay=replay)

    def script(self, name, text):
        path = self.sandbox.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def setUp(self):
        super().setUp()
        self.wire = Wire(self.sandbox.root / "wire.log")
        self.addCleanup(self.write_down)
        # What setup registers is the program on the PATH; then a recorder takes its place.
        (self.sandbox.bin / "delegate").symlink_to(self.delegate)
        self.register()
        self.script("delegate", RECORDER.format(python=sys.executable, recorder=HERE / "recorder.py",
                                                log=self.wire.log, program=self.delegate))

    def register(self):
        self.run_delegate("setup", self.backend)

    def change_entry(self, settings, **changes):
        """Of what setup wrote into a client's JSON."""
        path = self.sandbox.home / settings
        known = json.loads(path.read_text())
        known["mcpServers"]["delegate"] |= changes
        path.write_text(json.dumps(known))

    def start_agent(self, *calls):
        prompt = " then ".join(f"call {self.prefix}{tool} {arguments}" for tool, arguments in calls)
        agent = self.sandbox.start(self.argv, prompt, **self.environment)
        self.addCleanup(agent.finish, 0)
        return agent

    def finish(self, agent):
        """What it says."""
        done = agent.finish(60)
        self.assertEqual(done.exit_code, 0, done.stdout + done.stderr)
        return done.stdout

    def comes_to(self, what, condition, patience=30):
        give_up = time.monotonic() + patience
        while not (found := condition()):
            if time.monotonic() > give_up:
                self.fail(f"did not come to it: {what}")
            time.sleep(0.02)
        return found

    def has_started(self):
        """How often the backend was started."""
        starts = self.sandbox.home / "starts"
        return len(starts.read_text().splitlines()) if starts.exists() else 0

    def helpers(self):
        return [pid for pid in self.sandbox.processes() if b"bin/helper" in self.command_of(pid)]

    @staticmethod
    def command_of(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""

    def close_gate(self):
        os.mkfifo(self.sandbox.home / "gate")

    def open_gate(self):
        """Fails when no backend waits before it."""
        gate = os.open(self.sandbox.home / "gate", os.O_WRONLY | os.O_NONBLOCK)
        os.write(gate, b"go\n")
        os.close(gate)

    def tool_results(self):
        return [str(request["tool_result"]) for request in self.model_requests(self.part) if request["tool_result"]]

    def answers(self):
        """The answer, or the part of one, in each result that the model has seen."""
        return [self.answer_in(result) for result in self.tool_results()]

    def may_write(self):
        self.limit_calls(60, ["mcp", "--allow-write"])

    def write(self):
        """The result of a run that writes, as the model sees it."""
        # Without a git work tree there would be a warning.
        subprocess.run(["git", "init", "-q"], cwd=self.sandbox.project, env=self.sandbox.environment, check=True)
        self.finish(self.start_agent(("ask", '{"prompt": "write made.txt", "backend": "helper", "write": true}')))
        [result] = self.tool_results()
        return result

    def write_down(self):
        """What each side said to the other, in order."""
        ways = {TO_SERVER: "client > delegate", TO_CLIENT: "delegate > client"}
        entries = [(entry["time"], ways[entry["to"]], entry["line"]) for entry in self.wire.entries()]
        known = None
        for request in self.model_requests(self.part):
            shown = request["tools_of_delegate"]
            said = {"prompt": request["prompt"], "tools of delegate": list(shown) if shown == known else shown,
                    "tool_result": request["tool_result"]}
            known = shown
            entries.append((request["time"], "client > model", json.dumps(said)))
        entries.sort()
        begun = entries[0][0] if entries else 0
        lines = [f"{at - begun:8.3f}  {way:18}  {text.strip()}" for at, way, text in entries]
        folder = pathlib.Path(os.environ.get("DELEGATE_E2E_TRANSCRIPTS") or HERE.parent.parent / "build/e2e")
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.backend}-{self._testMethodName.removeprefix('test_')}.txt"
        (folder / name).write_text("\n".join(lines).replace(str(self.sandbox.root), "/sandbox") + "\n")


class OfEachAgent:
    """The tests every client has to pass; `backend` is its name."""

    def test_delegates(self):
        "{backend} asks another agent through delegate, and quotes its answer"
        said = self.finish(self.start_agent(("ask", QUESTION)))
        first, *_, last = self.model_requests(self.part)
        for tool in ("ask", "result", "status"):
            self.assertIn(self.prefix + tool, self.tools_shown(first))
        self.assertEqual(self.has_started(), 1)
        self.assertIn(HEARD, str(last["tool_result"]))
        self.assertIn("tool said: ", said)
        self.assertIn(HEARD, said)

    def test_failures(self):
        "{backend} shows its model why a backend fails or is skipped, for how long, and what to do, without a shell"
        lost = '{"backend": "forgetful", "prompt": "go on", "session": "6d9f7a3c-0000-4000-8000-000000000000"}'
        self.finish(self.start_agent(
            ("ask", '{"backend": "signed_out", "prompt": "one"}'),
            ("ask", '{"backend": "signed_out", "prompt": "two"}'),
            ("ask", '{"backend": "used_up", "prompt": "one"}'), ("ask", lost), ("status", "{}")))
        _, skipped, used_up, lost, status = results = self.tool_results()
        self.assertRegex(skipped, r"signed_out is skipped for \d+ (s|min)\b.*: signed out \(Not logged in")
        self.assertRegex(skipped, "Only the user can fix this: ask them to sign in")
        self.assertRegex(skipped, "helper can answer now: set backend to helper")
        self.assertRegex(used_up, "used_up failed: .*exceed your account's rate limit")
        self.assertRegex(used_up, r"it is skipped for \d+ (min|h)")
        self.assertRegex(lost, "No conversation found.*")
        self.assertRegex(lost, "Leave session out to begin a new conversation")
        self.assertRegex(status, r"signed_out.{1,30}skipped for \d+ (s|min)\b.*: signed out")
        for result in results:
            self.assertNotRegex(result, FOR_A_SHELL)

    def test_long(self):
        "{backend} shows its model each part of a long answer whole, in as many parts as it takes"
        answer = long_answer()
        self.sandbox.write("long", answer)
        self.finish(self.start_agent(("ask", '{"prompt": "give the long answer"}'),
                                     ("result", '{"run": "RUN", "offset": OFFSET}')))
        parts = self.answers()
        self.assertEqual(len(parts), 1 + len(self.wire.calls("result")))
        for number, (seen, sent) in enumerate(zip(parts, self.wire.answers())):
            self.assertEqual(seen, sent, f"part {number} was changed on its way to the model")
        self.assertEqual("".join(parts), answer)

    def test_writes(self):
        "{backend} lets another agent write, and shows its model what has changed"
        self.may_write()
        self.assertIn("changed made.txt (+1 -0)", self.write())
        self.assertTrue((self.sandbox.project / "made.txt").exists())

    def test_is_given_an_id(self):
        "{backend} gives up earlier than the backend answers: it gets the run's id in time and fetches the answer"
        self.limit_calls(CLIENT_GIVES_UP, ["mcp", "--client-timeout", f"{CLIENT_GIVES_UP}s"])
        self.close_gate()
        # Gemini takes five calls that are the same for a loop.
        fetches = [("result", json.dumps({"run": "RUN", "wait_s": 3600 - number})) for number in range(FETCHES)]
        agent = self.start_agent(("ask", QUESTION), *fetches)
        self.comes_to("the backend starts", self.has_started)
        begun = time.monotonic()
        self.comes_to("the model gets an id", self.tool_results, CLIENT_GIVES_UP + 10)
        self.assertEqual(len(self.helpers()), 1)
        # The call of ask and one of result have lasted until shortly before the client would have given up.
        self.comes_to("result is called again", lambda: len(self.wire.calls("result")) > 1, 2 * CLIENT_GIVES_UP)
        time.sleep(max(0, begun + BACKEND_TAKES - time.monotonic()))
        self.open_gate()
        said = self.finish(agent)
        self.assertIn("or the answer call result with run=", self.tool_results()[0])
        self.assertIn(HEARD, said)
        self.assertEqual(self.has_started(), 1)
        self.assertEqual(self.wire.gave_up(), [])
        run = self.wire.calls("result")[0]["run"]
        self.assertEqual(self.run_delegate("result", run).stdout, HEARD + "\n")

    def test_gives_up(self):
        "{backend} gives up before it has an id: the run is stopped, and the tool says that it timed out"
        self.limit_calls(2, ["mcp"])
        self.close_gate()
        agent = self.start_agent(("ask", QUESTION))
        self.comes_to("the backend starts", self.has_started)
        self.api.mode("held")
        self.comes_to("the call is cancelled", self.wire.gave_up)
        self.comes_to("the backend is stopped", lambda: not self.helpers())
        self.api.mode("ok")
        self.assertIn("tool said: ", self.finish(agent))
        self.assertIn("timed out", self.tool_results()[0])
        self.assertEqual(self.has_started(), 1)


class Claude(OfEachAgent, Agents):
    backend, part, prefix = "claude", "anthropic", "mcp__delegate__"
    argv = ("claude", "-p", "--allowedTools", "mcp__delegate")
    # On a busy machine it would ask its model before the server is there, and so would Codex.
    environment = {"CLAUDE_CODE_MCP_STARTUP_WAIT_MS": "30000"}

    def answer_in(self, result):
        return json.loads(result)["answer"]

    def tools_shown(self, request):
        """It names some, and shows what they are when its model wants to know."""
        return request["tools"] + re.findall(r"^mcp__\w+$", request["system"], re.M)

    def limit_calls(self, seconds, arguments):
        self.change_entry(".claude.json", timeout=1000 * seconds, args=arguments)


class Codex(OfEachAgent, Agents):
    backend, part, prefix = "codex", "openai", "mcp__delegate__"
    # The newest models get tools in a form that the fake API does not support.
    argv = ("codex", "exec", "--skip-git-repo-check", "-m", "gpt-5-codex", "-")

    def answer_in(self, result):
        return json.loads(result.partition("\nOutput:\n")[2])["answer"]

    def tools_shown(self, request):
        return request["tools"]

    def register(self):
        super().register()
        self.change("tool_timeout_sec", "required = true\ntool_timeout_sec")

    def limit_calls(self, seconds, arguments):
        self.change("tool_timeout_sec = 3600", f"tool_timeout_sec = {seconds}")
        self.change('args = ["mcp"]', f"args = {json.dumps(arguments)}")

    def may_write(self):
        super().may_write()
        config = self.sandbox.home / ".codex/config.toml"
        config.write_text(config.read_text() + '\n[mcp_servers.delegate.tools.ask]\napproval_mode = "approve"\n')

    def test_does_not_write(self):
        "{backend} lets another agent write only if its user has approved the tool"
        super().may_write()
        self.assertIn("requires approval, but approval policy is never", self.write())
        self.assertEqual(self.wire.calls("ask"), [])

    def change(self, old, new):
        config = self.sandbox.home / ".codex/config.toml"
        text = config.read_text()
        self.assertIn(old, text)
        config.write_text(text.replace(old, new))


class Gemini(OfEachAgent, Agents):
    backend, part, prefix = "gemini", "gemini", "mcp_delegate_"
    # In a folder that it is set to trust. Headless, it shows its model no tool that it would have to ask about.
    argv = ("gemini", "-m", world.GEMINI_MODEL, "--skip-trust", "--allowed-mcp-server-names", "delegate",
            "--approval-mode", "yolo")

    def tool_results(self):
        """An error comes as JSON text in a sentence."""
        results = [request["tool_result"] for request in self.model_requests(self.part) if request["tool_result"]]
        return [result["output"] if "output" in result else result["error"] for result in results]

    def answer_in(self, result):
        """Marked as untrusted."""
        return answer_above(result.removeprefix("<untrusted_context>\n"))

    def tools_shown(self, request):
        return request["tools"]

    def limit_calls(self, seconds, arguments):
        self.change_entry(".gemini/settings.json", timeout=1000 * seconds, args=arguments)


class Opencode(OfEachAgent, Agents):
    backend, part, prefix = "opencode", "anthropic", "delegate_"
    # With a title it does not ask its model for one.
    argv = ("opencode", "run", "--title", "a test")
    environment = {f"OPENCODE_DISABLE_{what}": "1" for what in ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD")}
    settings = ".config/opencode/opencode.json"
    if not REAL_TIME:  # it takes long to start, and waits for as long as there is progress
        test_is_given_an_id = test_gives_up = None

    def answer_in(self, result):
        return answer_above(result)

    def register(self):
        provider = {"npm": "@ai-sdk/anthropic", "options": {"baseURL": f"{self.api.url}/v1", "apiKey": NOT_A_KEY},
                    "models": {"any": {"limit": {"context": 200_000, "output": 8_000}}}}
        self.sandbox.write(self.settings, json.dumps({"model": "fake/any", "provider": {"fake": provider}}))
        super().register()

    def tools_shown(self, request):
        return request["tools"]

    def limit_calls(self, seconds, arguments):
        path = self.sandbox.home / self.settings
        known = json.loads(path.read_text())
        entry = known["mcp"]["delegate"]
        entry |= {"timeout": 1000 * seconds, "command": [entry["command"][0], *arguments]}
        path.write_text(json.dumps(known))


if __name__ == "__main__":
    sys.exit(world.main(__doc__, (Claude, Codex, Gemini, Opencode), jobs=2))
