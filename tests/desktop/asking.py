"""delegate itself on a private desktop: fake backends that work or fail, asks, and their notifications."""

import contextlib
import json
import os
import pathlib
import subprocess
import time

from private_desktop import wait_until

CONFIG = """[router]
order = [{order}]
local = ""
warm_up = false

[breaker]
threshold = {threshold}
cooldown = 0
"""
BACKEND = """
[backends.{name}]
kind = "command"
command = ["{command}"]
max_parallel = 64
"""
# It works while its file exists.
FAKE_CLI = """#!/bin/sh
[ -e "{command}.works" ] || {{ echo "{name} is broken" >&2; exit 3; }}
echo "{name} is fine"
"""
PERHAPS = "it was sent and there was no answer: it may have been shown"
UNDER_WAY = ("owed", "taken", "sending")


class Asking:
    """A shell that asks delegate; `options` are Popen's. An open breaker lets a probe through at once."""

    def __init__(self, desktop, *names, threshold=1, environment=None, **options):
        self.desktop, self.environment, self.options = desktop, environment or desktop.environment, options
        config = CONFIG.format(order=", ".join(f'"{name}"' for name in names), threshold=threshold)
        for name in names:
            command = self._fake_cli(name)
            command.write_text(FAKE_CLI.format(name=name, command=command))
            command.chmod(0o755)
            config += BACKEND.format(name=name, command=command)
        place = desktop.root / "home" / ".config" / "delegate"
        place.mkdir(parents=True)
        (place / "delegate.toml").write_text(config)
        for made in (place.parents[1], place.parents[0], place, place / "delegate.toml"):
            os.chown(made, options.get("user", -1), options.get("group", -1))

    def _fake_cli(self, name):
        return self.desktop.root / f"fake-cli-{name}"

    def works(self, name, does=True):
        works = pathlib.Path(f"{self._fake_cli(name)}.works")
        if does:
            works.touch()
        else:
            works.unlink(missing_ok=True)

    def start(self, *words):
        return subprocess.Popen([self.desktop.programs.delegate, *words], env=self.environment, cwd=self.desktop.root,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **self.options)

    def run(self, *words, status=0):
        child = self.start(*words)
        out, err = child.communicate(timeout=60)
        assert child.returncode == status, f"delegate {' '.join(words)}: {child.returncode}: {out}{err}"
        return out

    def ask(self, answer, *words):
        """The seconds until it was over, with everything that holds its output open."""
        begun = time.monotonic()
        out = self.run("ask", *words, "hello")
        took = time.monotonic() - begun
        assert out == f"{answer} is fine\n", out
        return took

    def records(self):
        """Oldest first."""
        return json.loads(self.run("notifications", "--json"))["notifications"][::-1]

    def left(self):
        """Processes of ours on this desktop."""
        ours = (self.desktop.programs.delegate, self.desktop.programs.notify)
        found = []
        for pid in self.desktop.marked():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe") in ours:
                    found.append(pid)
        return found

    def in_the_end(self):
        """The records, after the last announcer has ended."""
        wait_until(lambda: not self.left(), "every process that tells has ended")
        records = self.records()
        assert not [record for record in records if record["delivery"] in UNDER_WAY], records
        return records
