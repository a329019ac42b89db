"""A home, an API and a local model for each test with the real CLIs, and how such tests are chosen, run and reported."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import time
import unittest

from sandbox import Sandbox, Server, Unavailable, enter_loopback_only_network, install_real_clis

INSTALLED = "DELEGATE_E2E_INSTALLED"
GEMINI_MODEL = "gemini-2.5-flash"  # left to itself, Gemini asks a second model first how hard the prompt is
REAL_CLIS = {"claude": "anthropic", "codex": "openai", "gemini": "gemini"}  # and the part of the API each asks


class World(unittest.TestCase):
    """A fresh home, API and local model for each test; nothing may be left running at the end."""

    delegate = None
    clis = {}

    def setUp(self):
        self.sandbox = Sandbox(self.clis)
        self.addCleanup(self.sandbox.close)
        self.api = self.start("fake_api.py")
        self.ollama = self.start("fake_ollama.py")
        self.sandbox.use_api(self.api.url)
        self.sandbox.write(".config/delegate/delegate.toml", self.config())
        self.addCleanup(self.nothing_is_left_running)

    def config(self):
        """The text of delegate.toml."""
        raise NotImplementedError

    def start(self, script):
        server = Server(script, self.sandbox.root / f"{script}.log")
        self.addCleanup(server.stop)
        return server

    def nothing_is_left_running(self):
        give_up = time.monotonic() + 5
        while left := self.sandbox.processes():
            if time.monotonic() > give_up:
                for pid in left:
                    os.kill(pid, 9)
                self.fail(f"still running after delegate returned: {left}")
            time.sleep(0.1)

    def run_delegate(self, *arguments, stdin="", exit_code=0):
        done = self.sandbox.run([self.delegate, *arguments], stdin, timeout=90)
        self.assertEqual(done.exit_code, exit_code,
                         f"delegate {' '.join(arguments)}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def model_requests(self, part):
        """What reached the model: not the CLIs' probes and connection attempts."""
        return [request for request in self.api.requests(vendor=part) if request["model"]]


class Sentences(unittest.TestResult):
    """Prints one line per test, and the reasons at once."""

    def sentence(self, test):
        return str(test.shortDescription()).format(backend=getattr(test, "backend", ""))

    def say(self, verdict, test, reason=""):
        lines = [f"{verdict:4} {self.sentence(test)}", *reason.splitlines()]
        print("\n       ".join(lines) + "\n", end="", flush=True)  # at once: other tests may run

    def addSuccess(self, test):
        self.say("ok", test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.say("FAIL", test, self.failures[-1][1])

    def addError(self, test, error):
        super().addError(test, error)
        self.say("FAIL", test, self.errors[-1][1])


def run_one(test):
    result = Sentences()
    test.run(result)
    return result


def main(description, cases, quick=(), jobs=1):
    """`quick`: the names of the tests that --quick selects. `jobs`: how many run at once."""
    sentence = Sentences().sentence
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--delegate", type=pathlib.Path, required=True, metavar="PATH", help="the program under test")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only tests whose sentence contains this")
    if quick:
        parser.add_argument("--quick", action="store_true", help="only the tests that matter most")
    options = parser.parse_args()
    if not os.access(options.delegate, os.X_OK):
        parser.error(f"{options.delegate} is not an executable")
    tests = [test for case in cases for test in unittest.defaultTestLoader.loadTestsFromTestCase(case)
             if not options.names or any(name in sentence(test) for name in options.names)]
    if quick and options.quick:
        tests = [test for test in tests if test.id().rpartition(".")[2] in quick]
    try:
        if INSTALLED not in os.environ:
            os.environ[INSTALLED] = json.dumps(install_real_clis())
        enter_loopback_only_network()
    except Unavailable as reason:
        print(f"skipped: {reason}\n0 passed, 0 failed, {len(tests)} skipped")
        return 0
    World.delegate = str(options.delegate.resolve())
    World.clis = json.loads(os.environ[INSTALLED])
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(run_one, tests))
    failed = sum(not result.wasSuccessful() for result in results)
    print(f"{len(tests) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
