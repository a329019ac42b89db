#!/usr/bin/env python3
"""delegate-notify against real buses and servers, and what multiplexers make of terminal sequences.

  desktop_test.py --build build/dev [--pictures build/desktop] [--table FILE] [NAME…]

Prints a table of every situation: what was reported, how long the whole process took, how many processes were left. The
times are for people; what is asserted is what was reported and that it ended by itself.
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
import trip_test
from private_desktop import Desktop
from situations import SITUATIONS, Skipped


def row(name, outcome, left):
    reported = re.sub(r"/tmp/\S*?dlgd-[^/\s]*", "…", outcome.reported())
    reported = re.sub(r"x{20,}", "xxx…", reported)
    return f"| {name} | {reported} | {outcome.took * 1000:.0f} ms | {left} |"


def run_situation(programs, name, function):
    with Desktop(programs) as desktop:
        outcome = function(desktop)
        left = sum(len(desktop.marked(program)) for program in ("delegate-notify", "say_in_terminal"))
        assert left == 0, f"{left} of our processes left behind"
    return row(name, outcome, left)


def main():
    parser = argparse.ArgumentParser(description=inspect.cleandoc(__doc__),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path, default=pathlib.Path("build/desktop"))
    parser.add_argument("names", nargs="*", help="only situations whose name contains one of these")
    parser.add_argument("--table", type=pathlib.Path, help="write the table there, too")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    programs = types.SimpleNamespace(delegate=str(build / "delegate"),
                                     notify=str(build / "delegate-notify"),
                                     server=str(build / "helpers" / "notification_server"),
                                     terminal=str(build / "helpers" / "say_in_terminal"))
    pictures = arguments.pictures.resolve()
    tests = (SITUATIONS + dunst_test.situations(pictures) + trip_test.situations(pictures) +
             multiplexer_test.SITUATIONS)
    wanted = [test for test in tests if not arguments.names or any(name in test[0] for name in arguments.names)]
    lines, failed, begun = [], 0, time.monotonic()
    print("| situation | reported | took | left |\n|---|---|---|---|")
    for name, function in wanted:
        try:
            lines.append(run_situation(programs, name, function))
        except Skipped as reason:
            lines.append(f"| {name} | skipped: {reason} | | |")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            lines.append(f"| {name} | FAILED: {type(error).__name__}: {error} | | |")
        print(lines[-1], flush=True)
    if arguments.table:
        arguments.table.write_text("\n".join(lines) + "\n")
    print(f"{len(wanted) - failed} of {len(wanted)} as expected, in {time.monotonic() - begun:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
