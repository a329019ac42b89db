#!/usr/bin/env python3
"""Opens the page of `delegate stats --html` in headless Chromium, light and dark, without a network, and looks at it.

  page_test.py --delegate PROGRAM --out DIRECTORY    writes light.png and dark.png there
"""

import argparse
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

COLUMNS = ("hour", "backend", "login", "model", "outcome", "directory", "calls", "calls_with_tokens", "input_tokens",
           "output_tokens", "calls_with_cost", "cost_usd", "latency", "tripped", "skipped")
GREEN = {"light": (0x12, 0x80, 0x5C), "dark": (0x3F, 0xBF, 0x92)}  # of answers
PAGE = {"light": (0xFB, 0xFB, 0xFA), "dark": (0x15, 0x17, 0x1A)}


def fill(state, chance):
    """A month of three backends, one of which is often dead."""
    database = sqlite3.connect(state)
    now = int(time.time()) // 3600 * 3600 * 1000

    def add(hour, backend, model, outcome, calls, bucket, cost=0, tripped=0, skipped=0):
        row = (hour, backend, "", model, outcome, "/home/me/src", calls, calls, calls * 900, calls * 200, calls,
               calls * cost, f"{bucket}:{calls}", tripped, skipped)
        database.execute(f"INSERT OR REPLACE INTO usage_hours ({','.join(COLUMNS)}) VALUES ({','.join('?' * 15)})", row)

    for ago in range(24 * 30):
        hour = now - ago * 3_600_000
        if chance.random() < 0.5:
            continue
        add(hour, "claude", "opus", "answered", chance.randint(1, 9), chance.randint(9, 14), 0.03)
        add(hour, "codex", "gpt-5", "answered", chance.randint(1, 5), chance.randint(8, 12), 0.01)
        if chance.random() < 0.1:
            add(hour, "claude", "opus", "timed_out", 3, 17, tripped=1)
            add(hour, "claude", "", "", 0, 0, skipped=chance.randint(1, 12))
    database.commit()


def picture(page, colours, out):
    """As a browser without a network shows it."""
    scheme = {"light": 1, "dark": 0}[colours]
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(["unshare", "-n", "env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin", "chromium", "--headless",
                        "--no-sandbox", "--disable-gpu", f"--blink-settings=preferredColorScheme={scheme}",
                        "--window-size=1000,1900", f"--screenshot={out}", page.as_uri()],
                       check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def pixels_of(file, colour):
    """How many have about this colour."""
    said = subprocess.run(["convert", file, "-fuzz", "4%", "-fill", "black", "+opaque", "rgb(%d,%d,%d)" % colour,
                           "-fill", "white", "-opaque", "rgb(%d,%d,%d)" % colour, "-format", "%[fx:mean*w*h]", "info:"],
                          check=True, capture_output=True, text=True).stdout
    return float(said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delegate", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    for program in ("chromium", "convert"):
        if shutil.which(program) is None:
            sys.exit(f"page_test: {program} is not installed")
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environment = ["env", "-i", f"HOME={home}", "PATH=/nowhere", str(options.delegate.resolve())]
        subprocess.run([*environment, "status"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run([*environment, "canary", "run"], check=False, stdout=subprocess.DEVNULL)
        fill(pathlib.Path(home) / ".local/state/delegate/state.db", random.Random(7))
        page = pathlib.Path(home) / "stats.html"
        subprocess.run([*environment, "stats", "--html", str(page)], check=True)
        failures = []
        for colours in ("light", "dark"):
            shot = options.out.resolve() / f"{colours}.png"
            picture(page, colours, shot)
            if pixels_of(shot, PAGE[colours]) < 100_000:
                failures.append(f"{colours}: the page does not have its background")
            if pixels_of(shot, GREEN[colours]) < 10_000:
                failures.append(f"{colours}: the bars of the answers are missing")
        print("\n".join(failures) or f"page: light.png and dark.png are in {options.out}")
        return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
