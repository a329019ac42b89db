#!/usr/bin/env python3
"""delegate-notify, and a trip made by delegate, against real buses and servers; and what multiplexers make of terminal
sequences.

  desktop_test.py --build build/dev [--pictures build/desktop] [--table FILE] [NAME…]
  desktop_test.py --build build/dev --delay [--table FILE] [NAME…]

Prints a table of every situation: what was reported, how long the whole process took, how many processes were left. The
times are for people; what is asserted is what was reported and that it ended by itself. With --delay a breaker opens in
each state of the desktop, and the table says what that added to the time of the ask.
"""

import argparse
import inspect
import pathlib
import re
import sys
import time
import types

import dunst_test
import multiplexer_test
import notices_test
import trip_delay
import trip_test
from private_desktop import Desktop
from situations import SITUATIONS, Skipped


HEAD = "| situation | reported | took | left |\n|---|---|---|---|"


def row(name, outcome, left):
    reported = re.sub(r"/tmp/\S*?dlgd-[^/\s]*", "…", outcome.reported())
    reported = re.sub(r"x{20,}", "xxx…", reported)
    return f"| {name} | {reported} | {outcome.took * 1000:.0f} ms | {left} |"


def situation(programs, name, function):
    with Desktop(programs) as desktop:
        outcome = function(desktop)
        left = sum(len(desktop.marked(program)) for program in ("delegate-notify", "say_in_terminal"))
        assert left == 0, f"{left} of our processes left behind"
    return row(name, outcome, left)


class Table:
    """Printed as it grows."""

    def __init__(self, head):
        self.lines, self.failed = [], 0
        self.add(head)

    def add(self, line):
        self.lines.append(line)
        print(line, flush=True)

    def fill(self, programs, one, tests):
        for name, function in tests:
            try:
                self.add(one(programs, name, function))
            except Skipped as reason:
                self.add(f"| {name} | skipped: {reason} |")
            except Exception as error:  # pylint: disable=broad-except
                self.failed += 1
                self.add(f"| {name} | FAILED: {type(error).__name__}: {error} |")


def main():
    parser = argparse.ArgumentParser(description=inspect.cleandoc(__doc__),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path, default=pathlib.Path("build/desktop"))
    parser.add_argument("names", nargs="*", help="only situations whose name contains one of these")
    parser.add_argument("--delay", action="store_true", help="instead: what a trip adds to an ask")
    parser.add_argument("--table", type=pathlib.Path, help="write the table there, too")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    programs = types.SimpleNamespace(delegate=str(build / "delegate"),
                                     notify=str(build / "delegate-notify"),
                                     server=str(build / "helpers" / "notification_server"),
                                     terminal=str(build / "helpers" / "say_in_terminal"))
    pictures = arguments.pictures.resolve()
    begun = time.monotonic()
    if arguments.delay:
        head, one, tests = trip_delay.HEAD, trip_delay.row, trip_delay.states()
    else:
        head, one, tests = HEAD, situation, (SITUATIONS + notices_test.SITUATIONS + dunst_test.situations(pictures) +
                                             trip_test.situations(pictures) + multiplexer_test.SITUATIONS)
    tests = [test for test in tests if not arguments.names or any(name in test[0] for name in arguments.names)]
    table = Table(head)
    table.fill(programs, one, tests)
    if arguments.table:
        arguments.table.write_text("\n".join(table.lines) + "\n")
    print(f"{len(tests) - table.failed} of {len(tests)} as expected, in {time.monotonic() - begun:.1f} s")
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
