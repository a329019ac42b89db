#!/usr/bin/env python3
"""The real Claude Code, Codex CLI and Gemini CLI change files of a git work tree, in a network of loopback only.

    writing_test.py --delegate PATH [--quick] [NAME ...]

The fake API makes each CLI call its own tools, and then answers or fails.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import world
from world import GEMINI_MODEL

CONFIG = """
[router]
order = {order}
local = ""

[backends.claude]
env.keep = ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]

[backends.codex]
model = "gpt-5.5"  # one whose tools the API speaks
env.keep = ["CODEX_API_KEY"]

[backends.gemini]
model = "{gemini_model}"
env.keep = ["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"]

[notify]
desktop = false
"""
FAILED = 1
STATUS = ("status", "--porcelain")
QUICK = ("test_write", "test_work_in_copy", "test_stop", "test_continue", "test_isolated", "test_conflict", "test_two")
POEM = "".join(f"line {number}\n" for number in range(1, 31))


class Claude:
    backend, part = "claude", "anthropic"

    def create(self, name, text):
        return [("Write", {"file_path": f"@HERE@/{name}", "content": text})]

    def replace(self, name, line, words):
        return [*self.read(name), ("Edit", {"file_path": f"@HERE@/{name}", "old_string": f"{line}\n",
                                            "new_string": f"{words}\n"})]

    def read(self, name):
        return [("Read", {"file_path": f"@HERE@/{name}"})]

    def command(self, text):
        return [("Bash", {"command": text, "description": "a command"})]


class Codex:
    backend, part = "codex", "openai"

    def create(self, name, text):
        added = "".join(f"+{line}\n" for line in text.splitlines())
        return [("apply_patch", f"*** Begin Patch\n*** Add File: {name}\n{added}*** End Patch\n")]

    def replace(self, name, line, words):
        return [("apply_patch", f"*** Begin Patch\n*** Update File: {name}\n@@\n-{line}\n+{words}\n*** End Patch\n")]

    def command(self, text):
        return [("exec_command", {"cmd": text})]


class Gemini:
    backend, part = "gemini", "gemini"

    def create(self, name, text):
        return [("write_file", {"file_path": f"@HERE@/{name}", "content": text})]

    def replace(self, name, line, words):
        return [("replace", {"file_path": f"@HERE@/{name}", "instruction": "another line",
                             "old_string": f"{line}\n", "new_string": f"{words}\n"})]

    def read(self, name):
        return [("read_file", {"file_path": f"@HERE@/{name}"})]

    def command(self, text):
        return [("run_shell_command", {"command": text})]


CLAUDE, CODEX, GEMINI = Claude(), Codex(), Gemini()


def bytes_below(folder):
    return {str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
            for path in folder.rglob("*") if path.is_file()}


def changes_in(answer):
    return {file["path"]: (file["change"], file["lines_added"], file["lines_removed"])
            for file in answer["changes"]["files"]}


class World(world.World):
    """Each test has a work tree in which a person has already worked since the last commit."""

    order = ["claude", "codex"]

    def config(self):
        return CONFIG.format(order=json.dumps(self.order), gemini_model=GEMINI_MODEL)

    def setUp(self):
        super().setUp()
        self.tree = self.sandbox.project
        self.git("init", "-q", "-b", "main")
        self.put("poem.txt", POEM)
        self.put("song.txt", "la\n")
        self.put(".gitignore", "*.log\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "begin")
        self.put("song.txt", "la la\n")
        self.put("draft.txt", "not tracked yet\n")
        self.put("some.log", "ignored\n")

    def git(self, *arguments, at=None):
        done = subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
                              cwd=at or self.tree, env=self.sandbox.environment | {"GIT_OPTIONAL_LOCKS": "0"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def put(self, name, text):
        (self.tree / name).write_text(text)

    def files(self, tree=None):
        """Every byte that the person has there, and the modes; not what is git's."""
        tree = tree or self.tree
        return {name: what for name, what in bytes_below(tree).items() if not name.startswith(".git/")}

    def git_files(self):
        """The same of what is git's: index, refs, stash, work trees, and everything else."""
        return bytes_below(self.tree / ".git")

    def copy_of_tree(self):
        return pathlib.Path(shutil.copytree(self.tree, self.sandbox.home / "copy"))

    def plan(self, cli, *steps, then=None):
        """What the model of a CLI does: these calls of tools, then it answers, or the API is in another mode."""
        calls = [{"tool": tool, "arguments": arguments} for step in steps for tool, arguments in step]
        self.api.mode("steps", cli.part, {"steps": calls + ([{"mode": then}] if then else [])})

    def ask(self, *arguments, **expected):
        answer = json.loads(self.run_delegate("ask", "--json", "--write", *arguments, **expected).stdout)
        self.assertEqual(answer["schema"], "delegate.ask/1")
        return answer


class OfEachCli:
    def test_write(self):
        "what {backend} changes is named exactly, shown as a patch, and taken back byte for byte"
        before, copy = self.files(), self.copy_of_tree()
        self.plan(self.cli, self.cli.create("made.txt", "one\ntwo\n"), self.cli.replace("poem.txt", "line 7", "LINE 7"),
                  self.cli.command("echo done >> song.txt"))
        answer = self.ask("-b", self.backend, "make it")
        self.assertTrue(answer["answer"].startswith("tool said: "), answer["answer"])
        self.assertEqual(changes_in(answer), {"made.txt": ("added", 2, 0), "poem.txt": ("modified", 1, 1),
                                              "song.txt": ("modified", 1, 0)})
        self.assertEqual(answer["attempts"][0]["written_files"], ["made.txt", "poem.txt"])  # not what a command writes
        after = self.files()
        self.assertEqual(after["poem.txt"][1].decode(), POEM.replace("line 7", "LINE 7"))
        patch = self.sandbox.write("patch", self.run_delegate("runs", answer["run_id"], "--diff").stdout)
        self.git("apply", str(patch), at=copy)
        self.assertEqual(self.files(copy), after, "the patch is another change")
        self.run_delegate("undo")
        self.assertEqual(self.files(), before)

    def dies_half_way(self, mode, step):
        """It uses a tool, then its API fails; the next backend would answer."""
        before = self.files()
        self.plan(self.cli, step, then=mode)
        failed = self.ask("make it", exit_code=FAILED)
        self.assertEqual([attempt["backend"] for attempt in failed["attempts"]], [self.backend])
        self.assertTrue(failed["attempts"][0]["may_have_written"])
        self.assertEqual(failed["attempts"][0]["written_files"], ["poem.txt"])
        self.assertTrue(failed["error"]["half_done"])
        self.assertEqual(set(changes_in(failed)), {"poem.txt"})
        self.assertEqual(self.model_requests(self.other.part), [], "another backend was asked")
        self.assertNotEqual(self.files(), before)
        self.run_delegate("undo")
        self.assertEqual(self.files(), before)

    def test_overloaded(self):
        "{backend} that dies of an overloaded API after an edit stops the run, and the file is named"
        self.dies_half_way("529", self.cli.replace("poem.txt", "line 7", "LINE 7"))

    def test_quota(self):
        "{backend} that has no quota any more after a command stops the run, and the file is named"
        self.dies_half_way("429quota", self.cli.command("echo more >> poem.txt"))

    def test_cut(self):
        "{backend} that loses the connection after an edit stops the run, and the file is named"
        self.dies_half_way("drop", self.cli.replace("poem.txt", "line 7", "LINE 7"))

    def takes_over(self, mode):
        self.api.mode(mode, self.cli.part)
        answer = self.ask("make it")
        self.assertEqual([attempt["backend"] for attempt in answer["attempts"]], self.order)

    def test_sign_in(self):
        "{backend} whose sign-in is refused before it has done anything lets the next backend take over"
        self.takes_over("401")

    def test_server_error(self):
        "{backend} whose API fails before it has done anything lets the next backend take over"
        self.takes_over("500")

    def test_work_in_copy(self):
        "in an isolated run {backend} works in a copy, whose git shows what the person has not committed"
        self.git("stash", "push", "-q", "song.txt")
        self.put("song.txt", "la la la\n")
        self.put("added.txt", "in the index\n")
        self.git("add", "added.txt")
        self.git("worktree", "add", "-q", str(self.sandbox.home / "elsewhere"))
        before, index_and_refs, status = self.files(), self.git_files(), self.git(*STATUS)
        commands = ("pwd; git " + " ".join(STATUS), "git log --format=%H HEAD", "git rev-parse --show-toplevel")
        self.plan(self.cli, *map(self.cli.command, commands), self.cli.replace("poem.txt", "line 7", "LINE 7"))
        answer = self.ask("-b", self.backend, "--isolate", "look around")
        said = [str(request["tool_result"]).replace("\\n", "\n") for request in self.model_requests(self.cli.part)]
        copy = re.search(r"/\S+/changes/\S+/tree/[\w.-]+", said[1]).group()  # a shell may have said something before
        self.assertNotIn(str(self.tree), said[1])
        self.assertIn(status.strip(), said[1])
        self.assertIn(self.git("rev-parse", "HEAD").strip(), said[2])
        self.assertIn(copy, said[3])
        self.assertEqual(changes_in(answer), {"poem.txt": ("modified", 1, 1)})
        self.assertEqual(self.git_files(), index_and_refs)
        self.assertEqual(self.files(), before | {"poem.txt": (before["poem.txt"][0],
                                                              POEM.replace("line 7", "LINE 7").encode())})
        self.assertFalse(pathlib.Path(copy).exists(), "the copy was left behind")

    def create_outside(self):
        """In an isolated run it wants to create a file in the person's directory, by its whole path."""
        [(tool, given)] = self.cli.create(f"{self.tree}/made.txt", "one\n")
        self.plan(self.cli, [(tool, json.loads(json.dumps(given).replace("@HERE@/", "")))])
        return self.ask("-b", self.backend, "--isolate", "make it")

    def begin_in_copy(self):
        """The session of an isolated run."""
        self.plan(self.cli, self.cli.replace("poem.txt", "line 7", "LINE 7"))
        session = self.ask("-b", self.backend, "--isolate", "the password is swordfish")["session_id"]
        self.assertTrue(session)
        self.api.mode("ok")
        return session


class OfThoseThatStayInTheirDirectory:
    def test_outside(self):
        "in an isolated run {backend} cannot create a file in the person's directory, even by its whole path"
        before = self.files()
        self.create_outside()
        self.assertEqual(self.files(), before)


class OfThoseThatKeepSessions:
    def test_session(self):
        "a session that {backend} began in a copy goes on in the files, in another copy and with --continue"
        session = self.begin_in_copy()
        for how in (["-b", self.backend, "--session", session], ["--continue"],
                    ["-b", self.backend, "--session", session, "--isolate"]):
            answer = self.ask(*how, "recall")["answer"]
            self.assertTrue(answer.startswith("recalled: the password is swordfish"), (how, answer))

    def test_session_directory(self):
        "in a session that {backend} began in a copy its later edits and commands work in the files"
        session = self.begin_in_copy()
        before = len(self.model_requests(self.cli.part))
        self.plan(self.cli, self.cli.command("pwd"), self.cli.replace("poem.txt", "line 20", "LINE 20"))
        answer = self.ask("-b", self.backend, "--session", session, "go on")
        self.assertIn(str(self.tree), self.model_requests(self.cli.part)[before + 1]["tool_result"])
        self.assertEqual(changes_in(answer), {"poem.txt": ("modified", 1, 1)})
        self.plan(self.cli, self.cli.replace("poem.txt", "line 21", "LINE 21"))
        answer = self.ask("-b", self.backend, "--session", session, "--isolate", "go on")
        self.assertEqual(changes_in(answer), {"poem.txt": ("modified", 1, 1)})


class OfThoseThatKeepSessionsByDirectory:
    def test_session(self):
        "a session that {backend} began in a copy ends with it, and people read why"
        session = self.begin_in_copy()
        for where in ([], ["--isolate"]):
            failed = self.ask("-b", self.backend, "--session", session, *where, "recall", exit_code=FAILED)
            self.assertIn("belong to another directory", failed["error"]["hint"])

    def test_session_into_copy(self):
        "a session that {backend} began in the files goes on there, but not in a copy"
        session = self.ask("-b", self.backend, "the password is swordfish")["session_id"]
        self.assertIn("swordfish", self.ask("-b", self.backend, "--session", session, "recall")["answer"])
        failed = self.ask("-b", self.backend, "--session", session, "--isolate", "recall", exit_code=FAILED)
        self.assertIn("belong to another directory", failed["error"]["hint"])


class OfThoseThatCanOnlyRead:
    """Of Codex a turn that did not end may have changed something."""

    def test_read(self):
        "{backend} that has only read when its API fails lets the next backend take over"
        self.plan(self.cli, self.cli.read("poem.txt"), then="529")
        self.plan(self.other, self.other.create("made.txt", "one\n"))
        answer = self.ask("make it")
        self.assertEqual([attempt["backend"] for attempt in answer["attempts"]], self.order)
        self.assertFalse(answer["attempts"][0].get("may_have_written"))
        self.assertEqual(changes_in(answer), {"made.txt": ("added", 1, 0)})


class ClaudeWrites(OfEachCli, OfThoseThatStayInTheirDirectory, OfThoseThatKeepSessions, OfThoseThatCanOnlyRead, World):
    cli, other, backend = CLAUDE, CODEX, "claude"
    order = ["claude", "codex"]

    def test_commit(self):
        "what claude commits in the copy arrives as changed files, and no ref of the person moves"
        index_and_refs = self.git_files()
        self.plan(CLAUDE, CLAUDE.replace("poem.txt", "line 7", "LINE 7"),
                  CLAUDE.command("git -c user.name=C -c user.email=c@example.org commit -qam theirs && git tag done"))
        answer = self.ask("-b", "claude", "--isolate", "make it and commit it")
        self.assertEqual(changes_in(answer), {"poem.txt": ("modified", 1, 1)})
        self.assertEqual(self.git_files(), index_and_refs)
        self.assertEqual((self.tree / "poem.txt").read_text(), POEM.replace("line 7", "LINE 7"))


class CodexWrites(OfEachCli, OfThoseThatStayInTheirDirectory, OfThoseThatKeepSessions, World):
    cli, other, backend = CODEX, CLAUDE, "codex"
    order = ["codex", "claude"]


class GeminiWrites(OfEachCli, OfThoseThatStayInTheirDirectory, OfThoseThatKeepSessionsByDirectory,
                   OfThoseThatCanOnlyRead, World):
    cli, other, backend = GEMINI, CLAUDE, "gemini"
    order = ["gemini", "claude"]


class OneAfterTheOther(World):
    """claude begins a change, and its API fails."""

    def setUp(self):
        super().setUp()
        self.plan(CLAUDE, CLAUDE.replace("poem.txt", "line 7", "LINE 7"), then="529")
        self.plan(CODEX, CODEX.command("cat poem.txt"), CODEX.replace("poem.txt", "line 20", "LINE 20"))

    def codex_saw(self):
        return self.model_requests("openai")[1]["tool_result"]

    def test_stop(self):
        "when claude fails half-way codex is not asked, and people read which file is concerned"
        done = self.run_delegate("ask", "--write", "make it", exit_code=FAILED)
        self.assertEqual(done.stdout, "")
        self.assertIn("(it may have changed poem.txt)", done.stderr)
        self.assertIn("--continue-writing", done.stderr)
        self.assertEqual(self.model_requests("openai"), [])

    def test_continue(self):
        "with --continue-writing codex goes on in the same files, and its prompt says what claude did"
        answer = self.ask("--continue-writing", "make it")
        self.assertEqual([attempt["backend"] for attempt in answer["attempts"]], ["claude", "codex"])
        self.notice_is_in(self.model_requests("openai")[0]["prompt"])
        self.assertIn("LINE 7", self.codex_saw())
        self.both_lines_are_changed()
        self.assertEqual(changes_in(answer), {"poem.txt": ("modified", 2, 2)})

    def test_continue_later(self):
        "a later run with --continue-writing asks codex first, and hands over what claude did"
        self.run_delegate("ask", "--write", "make it", exit_code=FAILED)
        asked = len(self.model_requests("anthropic"))
        self.api.mode("ok", "anthropic")
        answer = self.ask("--continue-writing", "make it")
        self.assertEqual(answer["backend"], "codex")
        self.assertEqual(len(self.model_requests("anthropic")), asked)
        self.notice_is_in(self.model_requests("openai")[0]["prompt"])
        self.both_lines_are_changed()

    def notice_is_in(self, prompt):
        self.assertTrue(prompt.startswith("make it\n"), prompt)
        self.assertIn("claude (service overloaded)", prompt)
        self.assertIn("poem.txt", prompt)

    def both_lines_are_changed(self):
        self.assertEqual((self.tree / "poem.txt").read_text(),
                         POEM.replace("line 7\n", "LINE 7\n").replace("line 20", "LINE 20"))

    def test_isolated(self):
        "with --isolate codex begins in a clean copy, and nothing of claude's change arrives"
        self.plan(CLAUDE, CLAUDE.create("made.txt", "half\n"), CLAUDE.replace("poem.txt", "line 7", "LINE 7"),
                  then="529")
        before = self.files()
        answer = self.ask("--isolate", "make it")
        self.assertEqual([attempt["backend"] for attempt in answer["attempts"]], ["claude", "codex"])
        self.assertIn("line 7", self.codex_saw())
        self.assertNotIn("claude", self.model_requests("openai")[0]["prompt"])
        self.assertEqual(changes_in(answer), {"poem.txt": ("modified", 1, 1)})
        after = POEM.replace("line 20", "LINE 20").encode()
        self.assertEqual(self.files(), before | {"poem.txt": (before["poem.txt"][0], after)})


class WhileOthersWork(World):
    def start_isolated(self, cli, line):
        """It has changed that line in its copy, and does not answer yet."""
        self.plan(cli, cli.replace("poem.txt", f"line {line}", f"{cli.backend} {line}"), then="held")
        running = self.sandbox.start([self.delegate, "ask", "--write", "--isolate", "-b", cli.backend, "make it"])
        self.addCleanup(running.finish, 0)
        steps, give_up = len(cli.replace("", "", "")), time.monotonic() + 30
        while not [one for one in self.model_requests(cli.part)[steps:] if one["tool_result"]]:
            self.assertLess(time.monotonic(), give_up, self.model_requests(cli.part))
            self.assertTrue(running.talk.is_alive(), running.said)
            time.sleep(0.02)
        self.assertEqual((self.tree / "poem.txt").read_text(), POEM, "changed before there is an answer")
        return running

    def test_two(self):
        "two isolated runs that change different lines of one file at once are both applied"
        runs = [self.start_isolated(CLAUDE, 7), self.start_isolated(CODEX, 20)]
        self.api.mode("ok")
        for done in [run.finish(60) for run in runs]:
            self.assertEqual(done.exit_code, 0, done.stderr)
            self.assertIn("changed poem.txt (+1 -1)", done.stderr)
        both = POEM.replace("line 7\n", "claude 7\n").replace("line 20", "codex 20")
        self.assertEqual((self.tree / "poem.txt").read_text(), both)
        self.run_delegate("undo")
        self.run_delegate("undo")
        self.assertEqual((self.tree / "poem.txt").read_text(), POEM)

    def test_conflict(self):
        "where the person has changed the same lines meanwhile nothing is applied, and there is a patch"
        running = self.start_isolated(CLAUDE, 7)
        self.put("poem.txt", POEM.replace("line 7\n", "my own line\n"))
        before, index_and_refs = self.files(), self.git_files()
        self.api.mode("ok")
        done = running.finish(60)
        self.assertEqual(done.exit_code, FAILED, done.stderr)
        self.assertTrue(done.stdout.startswith("tool said: "), done.stdout)
        self.assertIn("poem.txt", done.stderr)
        self.assertEqual((self.files(), self.git_files()), (before, index_and_refs))
        patch = re.search(r"(/\S+?\.(?:patch|diff))", done.stderr)
        self.assertTrue(patch, done.stderr)
        self.put("poem.txt", POEM)
        self.git("apply", patch[1])
        self.assertEqual((self.tree / "poem.txt").read_text(), POEM.replace("line 7\n", "claude 7\n"))


if __name__ == "__main__":
    cases = (ClaudeWrites, CodexWrites, GeminiWrites, OneAfterTheOther, WhileOthersWork)
    sys.exit(world.main(__doc__, cases, QUICK, jobs=2))
