#!/usr/bin/env python3
"""The official conformance tests and the inspector, against a server on stdio, in a network of loopback only.

    conformance_test.py --server PATH [--requirements REVISION ...]

All scenarios that a revision of the protocol scores have to pass; the others are run and reported. Where the tests
cannot be had (no npm, no network namespaces), they are skipped and the reason is printed.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

import npm
from bridge import Bridge
from sandbox import Unavailable, enter_loopback_only_network, namespace_command

INSTALLED = "DELEGATE_MCP_INSTALLED"
REVISIONS = ("2025-11-25", "2026-07-28")
AT_LEAST = {"2025-11-25": 30, "2026-07-28": 37}  # scenarios that are scored
SECONDS = 300


def install():
    namespace_command()  # no point in a download that cannot be used
    return {"node": str(npm.node()), "conformance": str(npm.installed(*npm.CONFORMANCE).resolve()),
            "inspector": str(npm.installed(*npm.INSPECTOR).resolve())}


def run(argv, home):
    """Its exit code and all that it said."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, cwd=home,
                          env={"HOME": home, "PATH": f"{pathlib.Path(argv[0]).parent}:/usr/bin:/bin", "NO_COLOR": "1"})
    return done.returncode, done.stdout


def conformance(programs, server, revision, home):
    bridge = Bridge([server])
    threading.Thread(target=bridge.serve_forever, daemon=True).start()
    try:
        code, said = run([programs["node"], programs["conformance"], "server", "--url", bridge.url, "--requirements",
                          revision], home)
    finally:
        bridge.end()
    summary = said[said.find("=== SUMMARY ==="):]
    scored, _, rest = summary.partition("Not scored")
    unscored = set(re.findall(r"^  [✓✗] (\S+) \(", rest, re.M))
    results = [(mark, name) for mark, name in re.findall(r"^([✓✗]) (\S+):", scored, re.M) if name not in unscored]
    failed = [name for mark, name in results if mark == "✗"]
    good = code == 0 and not failed and len(results) >= AT_LEAST.get(revision, 1)
    print(f"{revision}: {len(results)} scored scenarios, {len(failed)} failed; not scored: "
          f"{rest.count('  ✓ ')} passed, {rest.count('  ✗ ')} failed")
    if not good:
        print(said)
    return good


def inspect(programs, server, era, home):
    """What an editor sees: the list of tools, checked for what other vendors' models refuse, and a call."""
    inspector = [programs["node"], programs["inspector"], "--cli", server, "--protocol-era", era, "--format", "json"]
    good = True
    for arguments in (["--method", "tools/list"],
                      ["--method", "tools/call", "--tool-name", "test_simple_text"]):
        code, said = run([*inspector, *arguments], home)
        good = good and code == 0
        if code != 0:
            print(f"inspector {era} {arguments}: exit {code}\n{said}")
    print(f"inspector, {era}: {'passed' if good else 'failed'}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", type=pathlib.Path, required=True, metavar="PATH", help="the server under test")
    parser.add_argument("--requirements", action="append", metavar="REVISION", help="of the protocol; default: both")
    options = parser.parse_args()
    if not os.access(options.server, os.X_OK):
        parser.error(f"{options.server} is not an executable")
    try:
        if INSTALLED not in os.environ:
            os.environ[INSTALLED] = json.dumps(install())
        enter_loopback_only_network()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        return 0
    programs = json.loads(os.environ[INSTALLED])
    server = str(options.server.resolve())
    with tempfile.TemporaryDirectory() as home:
        results = [conformance(programs, server, one, home) for one in options.requirements or REVISIONS]
        results += [inspect(programs, server, era, home) for era in ("legacy", "modern")]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
