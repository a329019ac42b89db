#!/usr/bin/env python3
"""Becomes a program whose stdin and stdout are written down line by line, with the time, on their way.

    recorder.py LOG PROGRAM [ARGUMENT ...]

The program has the process id that its client started, so signals and its end are as without a recorder: two processes
beside it pass the lines on.
"""

import json
import os
import sys
import time

TO_SERVER, TO_CLIENT = "server", "client"


def pass_on(source, sink, log, direction):
    """In an orphaned process, until one of the two ends."""
    if os.fork() != 0:
        return os.wait()
    if os.fork() != 0:
        os._exit(0)
    for fd in set(range(64)) - {source, sink}:
        try:
            os.close(fd)
        except OSError:
            pass  # it was not open
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open(source, "rb") as lines:
        try:
            for line in lines:
                # Before it is passed on, so that what follows from a line stands after it; in one piece.
                entry = {"time": time.time(), "to": direction, "line": line.decode(errors="replace")}
                os.write(file, json.dumps(entry).encode() + b"\n")
                os.write(sink, line)
        except OSError:
            pass  # no process reads any more
    os._exit(0)


def main():
    log, program, *arguments = sys.argv[1:]
    from_client, to_program = os.pipe()
    from_program, to_client = os.pipe()
    pass_on(0, to_program, log, TO_SERVER)
    pass_on(from_program, 1, log, TO_CLIENT)
    os.dup2(from_client, 0)
    os.dup2(to_client, 1)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
