#!/usr/bin/env python3
"""The official inspector as a client, of the server of this test suite and of `delegate mcp`.

    inspector_test.py --fixture PATH --delegate PATH

What an editor sees of delegate in each era of the protocol: a list of tools without anything that some vendor's model
would refuse, calls of each tool, and many calls of status side by side.
"""

import json
import sys

from official import main

CONFIG = """
[router]
order = ["helper"]
local = ""

[backends.helper]
kind = "command"
command = ["{helper}"]

[notify]
desktop = false
"""
HELPER = """#!/bin/sh
echo "the helper heard: $(cat)"
"""
HEARD = "the helper heard: what is six by seven?"
REQUESTS, AT_ONCE = 500, 20
IS_ERROR = 5  # the inspector's exit code for a tool's error


class Failed(Exception):
    pass


class Inspector:
    """One server, in one era."""

    def __init__(self, tools, server, era):
        self.tools, self.server, self.era = tools, server, era

    def says(self, *options, exit_code=0):
        """What it prints as JSON."""
        done = self.tools.run("inspector", "--cli", *self.server, "--protocol-era", self.era, "--format", "json",
                              *options)
        if done.returncode != exit_code:
            raise Failed(f"{' '.join(options)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def list(self):
        listed = self.says("--method", "tools/list", "--strict")
        expect("findings in the tools", listed.get("schemaFindings", []), [])
        return [tool["name"] for tool in listed["result"]["tools"]]

    def call(self, tool, exit_code=0, **arguments):
        return self.says("--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments),
                         exit_code=exit_code)["result"]

    def load(self, tool):
        return self.says("--method", "tools/call", "--tool-name", tool, "--load", "--load-requests", str(REQUESTS),
                         "--load-concurrency", str(AT_ONCE))["result"]


def expect(what, found, wanted):
    if found != wanted:
        raise Failed(f"{what}: {found}, not {wanted}")


def fixture(inspector):
    inspector.list()
    inspector.call("test_simple_text")


def delegate(inspector, project):
    expect("tools", inspector.list(), ["ask", "result", "status"])
    question = {"prompt": "what is six by seven?", "cwd": str(project)}
    answered = inspector.call("ask", **question)
    expect("answer", answered["structuredContent"]["answer"], HEARD)
    expect("text", answered["content"][0]["text"].startswith(HEARD), True)
    run = inspector.call("ask", **question, background=True)["structuredContent"]["run"]
    expect("result", inspector.call("result", run=run)["structuredContent"]["answer"], HEARD)
    expect("result of nothing", inspector.call("result", IS_ERROR, run="unknown")["isError"], True)
    helper = {"name": "helper", "ready": True, "status": "ready"}
    expect("status", helper in inspector.call("status")["structuredContent"]["backends"], True)


def load(inspector):
    said = inspector.load("status")
    expect("calls", (said["ok"], said["errors"], said["toolErrors"]), (REQUESTS, 0, 0))
    took = said["latencyMs"]
    return (f"{REQUESTS} calls, {AT_ONCE} at once: {said['throughput']:.0f}/s, p50 {took['p50']:.0f} ms, "
            f"p99 {took['p99']:.0f} ms")


def passes(name, test, *arguments):
    try:
        said = test(*arguments)
    except Failed as why:
        print(f"inspector, {name}: failed: {why}", flush=True)
        return False
    print(f"inspector, {name}: passed{'; ' + said if said else ''}", flush=True)
    return True


def test(tools):
    helper, project = tools.home / "helper", tools.home / "project"
    project.mkdir()
    helper.write_text(HELPER)
    helper.chmod(0o755)
    config = tools.home / ".config/delegate/delegate.toml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG.format(helper=helper))
    good = [passes(f"fixture, {era}", fixture, Inspector(tools, tools.fixture, era)) for era in ("legacy", "modern")]
    for era in ("legacy", "auto", "modern"):
        good.append(passes(f"delegate, {era}", delegate, Inspector(tools, tools.delegate, era), project))
    for era in ("legacy", "modern"):
        good.append(passes(f"delegate, {era}", load, Inspector(tools, tools.delegate, era)))
    return all(good)


if __name__ == "__main__":
    sys.exit(main(__doc__, test))
