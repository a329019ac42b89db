#!/usr/bin/env python3
"""Runs with --isolate that are killed at any moment.

  isolated_kills.py --delegate BINARY [--minutes N] [--seed N]

A trial kills delegate alone, or all that it has started, and then looks at the project:
  - index, refs, stash, list of work trees, hooks and configuration are byte for byte as before;
  - the files are as before, or have the whole change. A kill while it is applied may leave new contents beside the files,
    or a part of it: the next run with --write removes or completes that.
  - the next look removes the copy.
"""

import collections
import hashlib
import os
import signal
import subprocess
import time

import campaign

FILES = 40
AGENT = """#!/bin/sh
while read -r line; do :; done
for file in f*.txt; do echo more >> "$file"; done
rm f7.txt; mkdir -p new/deep; echo x > new/deep/file; mv f8.txt moved.txt
echo '%s'
""" % campaign.ANSWER
ONLY_ANSWERS = "#!/bin/sh\nwhile read -r line; do :; done\necho '%s'\n" % campaign.ANSWER


class Project:
    def __init__(self, home):
        self.home, self.path = home, home.root / "project"
        self.path.mkdir()
        self.git("init", "-q", "-b", "main")
        for number in range(FILES):
            (self.path / ("f%d.txt" % number)).write_text("line\n" * number)
        self.git("add", "-A")
        self.git("commit", "-qm", "first")
        (self.path / "f1.txt").write_text("stashed\n")
        self.git("stash", "-q")
        (self.path / "f2.txt").write_text("staged\n")
        self.git("add", "f2.txt")
        (self.path / "f3.txt").write_text("not staged\n")
        (self.path / "untracked.txt").write_text("untracked\n")

    def git(self, *words):
        environment = {**self.home.environment, "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org",
                       "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org"}
        return subprocess.run(["git", *words], cwd=self.path, env=environment, check=True, capture_output=True).stdout

    def digest(self, inside):
        """Of the repository without its objects, or of the files."""
        digest = hashlib.sha256()
        for place in sorted(self.path.rglob("*")):
            parts = place.relative_to(self.path).parts
            is_object = parts[:2] == (".git", "objects")
            if (parts[0] == ".git") == inside and not is_object and place.is_file():
                digest.update(repr((parts, place.stat().st_mode)).encode() + place.read_bytes())
        return digest.hexdigest()

    def repository(self):
        return self.digest(True)

    def files(self):
        return self.digest(False)


def start(home, project):
    return subprocess.Popen([home.delegate, "ask", "--write", "--isolate", "hello"], cwd=project.path, env=home.environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make(root, options):
    home = campaign.Home(root, options.delegate, 'can = ["write_files"]\n')
    (home.bin / "cli").write_text(AGENT)
    return home, Project(home)


def trials(options, root, chance, report):
    home, project = make(root + "/whole", options)
    begun = time.monotonic()
    ended = start(home, project)
    ended.communicate()
    usual = time.monotonic() - begun
    whole, number, seen = project.files(), 0, collections.Counter()
    while time.monotonic() < options.until:
        number += 1
        home, project = make("%s/%d" % (root, number), options)
        repository, before = project.repository(), project.files()
        child = start(home, project)
        # Half of the kills in the last part, in which the change is applied.
        time.sleep(usual * (chance.random() * 1.1 if chance.random() < 0.5 else 0.7 + chance.random() * 0.4))
        kind = chance.choice(["delegate", "all"])
        if kind == "all":
            home.kill_all()
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        out, err = child.communicate()
        more = []
        if home.wait_for_silence():
            more.append("leaves a process")
        if project.repository() != repository:
            more.append("the repository is not as it was")
        found = project.files()
        state = "before" if found == before else "whole" if found == whole else "part"
        (home.bin / "cli").write_text(ONLY_ANSWERS)
        words = ["ask", "--write", "hello"]
        after = subprocess.run([home.delegate, *words], cwd=project.path, env=home.environment, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=60)
        if state == "part" and project.files() not in (before, whole):
            more.append("a part of the change stays")
        if state != "part" and project.files() != found:
            more.append("the next run changes the files")
        if any((change / "tree").exists() for change in (home.state / "changes").glob("*")):
            more.append("the copy stays")
        if project.repository() != repository:
            more.append("the next run changes the repository")
        seen[state] += 1
        report.add("%s=%s" % (kind, state), words, campaign.Ended(after.returncode, after.stdout, after.stderr, 0), more)
    print("  files after the kill: %s; a run takes %.2f s" % (dict(seen), usual))


if __name__ == "__main__":
    raise SystemExit(campaign.main("isolated_kills", trials))
