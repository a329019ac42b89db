#!/usr/bin/env python3
"""The official conformance tests, against the server of this test suite and against `delegate mcp`.

    conformance_test.py --fixture PATH --delegate PATH

The fixture has to pass every scenario that a revision of the protocol scores. delegate has to pass all but the checks
in delegate_baseline.yml, which says why they do not apply to it, and must not pass those.
"""

import pathlib
import re
import sys
import threading

from bridge import Bridge
from official import main

BASELINE = pathlib.Path(__file__).resolve().parent / "delegate_baseline.yml"
REVISIONS = {"2025-11-25": 30, "2026-07-28": 37}  # and how many scenarios are scored at least
COLOURS = re.compile(r"\x1b\[\d+m")


def baseline():
    """Why each check does not apply: the comment above it."""
    reasons, reason = {}, None
    for line in BASELINE.read_text().splitlines():
        if comment := re.fullmatch(r"  # (.+)", line):
            reason = comment[1]
        elif entry := re.fullmatch(r"  - (\S+)", line):
            reasons[entry[1]] = reason
    return reasons


class Report:
    """What the conformance tests report about a server."""

    def __init__(self, name, revision, done):
        self.name, self.revision, self.exit_code = name, revision, done.returncode
        self.said = COLOURS.sub("", done.stdout + done.stderr)
        summary, _, rest = self.said[self.said.find("=== SUMMARY ==="):].partition("Not scored")
        self.scenarios = re.findall(r"^([✓✗]) (\S+): (\d+) passed", summary, re.M)
        self.unscored = set(re.findall(r"^  [✓✗] (\S+) \(", rest, re.M))
        self.excused = re.findall(r"^  ~ (\S+)$", self.said, re.M)

    def lines(self, reasons, unscored):
        """A scenario's name and how it went, for those that are scored."""
        for mark, name, passed in self.scenarios:
            why = [reasons.get(check) for check in self.excused if check.partition(":")[0] == name]
            verdict = "passed" if mark == "✓" else "failed"
            if why:
                verdict = f"{passed} checks passed; " if int(passed) > 1 else ""
                verdict += f"does not apply: {why[0]}"
            if name not in unscored:
                yield name, verdict

    def is_good(self, reasons, unscored):
        lines = list(self.lines(reasons, unscored))
        failed = [name for name, verdict in lines if verdict == "failed"]
        excused = [name for name, verdict in lines if "does not apply" in verdict]
        passed = len(lines) - len(excused) - len(failed)
        print(f"{self.name}, {self.revision}: {len(lines)} scenarios; {passed} passed, {len(failed)} failed, "
              f"in {len(excused)} something does not apply", flush=True)
        good = self.exit_code == 0 and not failed and len(lines) >= REVISIONS[self.revision]
        if not good:
            print(self.said)
        return good


def conformance(tools, name, server, revision, *options):
    bridge = Bridge(["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in tools.environment.items()), *server])
    threading.Thread(target=bridge.serve_forever, daemon=True).start()
    try:
        done = tools.run("conformance", "server", "--url", bridge.url, "--requirements", revision, *options)
        return Report(name, revision, done)
    finally:
        bridge.end()


def test(tools):
    reasons = baseline()
    good, unused = True, set(reasons)
    for revision in REVISIONS:
        fixture = conformance(tools, "fixture", tools.fixture, revision)
        delegate = conformance(tools, "delegate", tools.delegate, revision, "--expected-failures", str(BASELINE))
        # With expected failures, scenarios that are not scored cannot be recognised.
        for report in (fixture, delegate):
            good = report.is_good(reasons, fixture.unscored) and good
        for name, verdict in delegate.lines(reasons, fixture.unscored):
            print(f"  {name:46} {verdict}")
        unused -= set(delegate.excused)
    if unused:
        print(f"{BASELINE.name} has what is not among the checks: {', '.join(sorted(unused))}")
    return good and not unused


if __name__ == "__main__":
    sys.exit(main(__doc__, test))
