#!/usr/bin/env python3
"""The official conformance tests, against the server of this test suite and against `delegate mcp`.

    conformance_test.py --fixture PATH --delegate PATH

Each has to pass all scenarios that a revision of the protocol scores, but for the checks in its baseline file, which
says why they do not apply, and which it must not pass. The fixture also has to pass those of the tasks extension.
"""

import pathlib
import re
import sys
import threading

from bridge import Bridge
from official import main

HERE = pathlib.Path(__file__).resolve().parent
BASELINES = {name: HERE / f"{name}_baseline.yml" for name in ("fixture", "delegate")}
REVISIONS = {"2025-11-25": 30, "2026-07-28": 37}  # and how many scenarios are scored at least
EXTENSION = ("tasks-lifecycle", "tasks-capability-negotiation", "tasks-wire-fields", "tasks-request-state-removal",
             "tasks-mrtr-input", "tasks-request-headers", "tasks-dispatch-and-envelope", "tasks-status-notifications",
             "tasks-required-task-error", "tasks-mrtr-composition")
EXTENSION_CHECKS = 37  # that pass at least
CHECK = re.compile(r"^\S+Z \[(\S+) *\] ([A-Z]+) ", re.M)
COLOURS = re.compile(r"\x1b\[\d+m")


def baseline(name):
    """Why each check does not apply: the comment above it."""
    reasons, reason = {}, None
    for line in BASELINES[name].read_text().splitlines():
        if comment := re.fullmatch(r"  # (.+)", line):
            reason = comment[1]
        elif entry := re.fullmatch(r"  - (\S+)", line):
            reasons[entry[1]] = reason
    return reasons


class Report:
    """What the conformance tests report about a server."""

    def __init__(self, name, revision, done, unscored):
        self.name, self.revision, self.exit_code = name, revision, done.returncode
        self.unscored = unscored
        self.said = COLOURS.sub("", done.stdout + done.stderr)
        summary = self.said[self.said.find("=== SUMMARY ==="):]
        self.scenarios = re.findall(r"^([✓✗]) (\S+): (\d+) passed", summary, re.M)
        self.excused = re.findall(r"^  ~ (\S+)$", self.said, re.M)

    def lines(self, reasons):
        """A scenario's name and how it went, for those that are scored."""
        for mark, name, passed in self.scenarios:
            why = [reasons.get(check) for check in self.excused if check.partition(":")[0] == name]
            verdict = "passed" if mark == "✓" else "failed"
            if why:
                verdict = f"{passed} checks passed; " if int(passed) > 1 else ""
                verdict += f"does not apply: {why[0]}"
            if name not in self.unscored:
                yield name, verdict

    def is_good(self, reasons):
        lines = list(self.lines(reasons))
        failed = [name for name, verdict in lines if verdict == "failed"]
        excused = [name for name, verdict in lines if "does not apply" in verdict]
        passed = len(lines) - len(excused) - len(failed)
        checks = sum(int(passed) for _, name, passed in self.scenarios if name not in self.unscored)
        print(f"{self.name}, {self.revision}: {len(lines)} scenarios; {passed} passed, {len(failed)} failed, "
              f"in {len(excused)} something does not apply; {checks} checks passed", flush=True)
        good = self.exit_code == 0 and not failed and len(lines) >= REVISIONS[self.revision]
        if not good:
            print(self.said)
        return good


def serve(tools, server):
    bridge = Bridge(["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in tools.environment.items()), *server])
    threading.Thread(target=bridge.serve_forever, daemon=True).start()
    return bridge


def conformance(tools, name, server, revision):
    bridge = serve(tools, server)
    try:
        done = tools.run("conformance", "server", "--url", bridge.url, "--requirements", revision,
                         "--expected-failures", str(BASELINES[name]))
        return Report(name, revision, done, tools.unscored(revision))
    finally:
        bridge.end()


def extension(tools, reasons):
    """The checks of the tasks extension that fail, though the baseline has them not, and those that it has."""
    bridge = serve(tools, tools.fixture)
    passed, failed, excused = 0, [], set()
    try:
        for scenario in EXTENSION:
            done = tools.run("conformance", "server", "--url", bridge.url, "--scenario", scenario)
            for check, status in CHECK.findall(COLOURS.sub("", done.stdout + done.stderr)):
                name = f"{scenario}:{check}"
                passed += status == "SUCCESS"
                if status == "FAILURE":
                    excused.add(name) if name in reasons else failed.append(name)
    finally:
        bridge.end()
    print(f"fixture, tasks extension: {len(EXTENSION)} scenarios; {passed} checks passed, {len(failed)} failed, "
          f"{len(excused)} do not apply", *failed, sep="\n  ", flush=True)
    return not failed and passed >= EXTENSION_CHECKS, excused


def test(tools):
    good = True
    for name, server in (("fixture", tools.fixture), ("delegate", tools.delegate)):
        reasons = baseline(name)
        unused = set(reasons)
        for revision in REVISIONS:
            report = conformance(tools, name, server, revision)
            good = report.is_good(reasons) and good
            for scenario, verdict in report.lines(reasons):
                print(f"  {scenario:46} {verdict}")
            unused -= set(report.excused)
        if name == "fixture":
            passed, excused = extension(tools, reasons)
            good, unused = passed and good, unused - excused
        if unused:
            print(f"{BASELINES[name].name} has what does not fail: {', '.join(sorted(unused))}")
        good = good and not unused
    return good


if __name__ == "__main__":
    sys.exit(main(__doc__, test))
