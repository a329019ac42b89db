"""The protocol's official tools, from npm, in a network of loopback only and with an empty home."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import npm
from sandbox import Unavailable, enter_loopback_only_network, namespace_command

INSTALLED = "DELEGATE_MCP_INSTALLED"
SECONDS = 300


def install():
    namespace_command()  # no point in a download that cannot be used
    return {"node": str(npm.node()), "conformance": str(npm.installed(*npm.CONFORMANCE).resolve()),
            "inspector": str(npm.installed(*npm.INSPECTOR).resolve())}


class Tools:
    """The tools, and the two servers that they test: the fixture and delegate."""

    def __init__(self, programs, home, fixture, delegate):
        self.programs, self.home = programs, pathlib.Path(home)
        self.fixture, self.delegate = [fixture], [delegate, "mcp"]
        self.environment = {"HOME": home, "PATH": f"{pathlib.Path(programs['node']).parent}:/usr/bin:/bin",
                            "NO_COLOR": "1"}

    def unscored(self, revision):
        """The scenarios that are run, but not required by a revision."""
        text = (pathlib.Path(self.programs["conformance"]).parent.parent / f"requirements/{revision}.yaml").read_text()
        return set(re.findall(r"^  - scenario: (\S+)$", text.partition("\nnot_scored:")[2], re.M))

    def run(self, tool, *arguments):
        return subprocess.run([self.programs["node"], self.programs[tool], *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=SECONDS, cwd=self.home, env=self.environment)


def main(description, test):
    """Exits with the result of `test`. Where the tools are unavailable, reports that and tests nothing."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    for server in ("fixture", "delegate"):
        parser.add_argument(f"--{server}", type=pathlib.Path, required=True, metavar="PATH")
    servers = vars(parser.parse_args())
    for path in servers.values():
        if not os.access(path, os.X_OK):
            parser.error(f"{path} is not an executable")
    try:
        if INSTALLED not in os.environ:
            os.environ[INSTALLED] = json.dumps(install())
        enter_loopback_only_network()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(0)
    servers = {name: str(path.resolve()) for name, path in servers.items()}
    with tempfile.TemporaryDirectory() as home:
        sys.exit(0 if test(Tools(json.loads(os.environ[INSTALLED]), home, **servers)) else 1)
