"""What delegate-notify makes of unusual notices and callers, in front of a server that works.

Each function gets a fresh desktop and returns the Outcome that goes into the table.
"""

import os
import signal
import subprocess
import threading
import time

from private_desktop import calls, wait_until
from situations import delivered

SITUATIONS = []


def situation(name):
    def add(function):
        SITUATIONS.append((name, function))
        return function
    return add


@situation("text that is no UTF-8, with controls and noncharacters")
def broken_text(desktop):
    desktop.bus()
    server = desktop.server()
    text = b'{"budget_ms":5000,"summary":"a\xff\xed\xa0\x80b","body":"\\u0000\\u001b[2J\\ufffe<\xc3"}'
    outcome = delivered(desktop.notify(text=text))
    assert calls(server)[0]["summary"] == "a\ufffd\ufffd\ufffd\ufffdb (delegate)"
    assert calls(server)[0]["body"] == "  [2J\ufffd&lt;\ufffd", calls(server)[0]["body"]
    return outcome


@situation("text of 60,000 bytes")
def long_text(desktop):
    desktop.bus()
    server = desktop.server()
    outcome = delivered(desktop.notify({"summary": "ä" * 15000, "body": "<" * 30000}))
    assert calls(server)[0]["summary"] == "ä" * 60 + "…"
    assert calls(server)[0]["body"] == "&lt;" * 400 + "…"
    return outcome


@situation("one takes the place of another")
def replaced(desktop):
    desktop.bus()
    server = desktop.server()
    first = delivered(desktop.notify())
    shown = {"id": first.said["id"], "server": first.said["server"]}
    second = delivered(desktop.notify({"summary": "again", "replaces": shown}))
    assert second.said["replaced"] is True and second.said["id"] == first.said["id"]
    closed = desktop.notify({"close": shown})
    assert closed.returncode == 0 and closed.said["closed"] is True, closed.said
    assert calls(server, "CloseNotification") == [{"call": "CloseNotification", "id": shown["id"]}]
    return second


@situation("ids of a server that is gone are not used")
def ids_die(desktop):
    desktop.bus()
    old = desktop.server()
    first = delivered(desktop.notify())
    shown = {"id": first.said["id"], "server": first.said["server"]}
    old.end()
    gone = desktop.notify({"close": shown})
    assert gone.returncode == 1 and gone.said["closed"] is False and "nothing to close" in gone.said["reason"]
    server = desktop.server()
    outcome = delivered(desktop.notify({"summary": "x", "replaces": shown, "close": shown}))
    assert "replaced" not in outcome.said and outcome.said["closed"] is False
    assert calls(server)[0]["replaces"] == 0 and calls(server, "CloseNotification") == []
    return outcome


@situation("twenty at the same time")
def many(desktop):
    desktop.bus()
    server = desktop.server()
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(desktop.notify({"summary": "x", "budget_ms": 10000})))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({delivered(outcome).said["id"] for outcome in outcomes}) == 20
    assert len(calls(server)) == 20
    return max(outcomes, key=lambda outcome: outcome.took)


@situation("input that is no notice")
def bad_input(desktop):
    desktop.bus()
    server = desktop.server()
    for text in (b"", b"{", b'{"summary":"x"', b'{"summary":""}', b'{"summary":"x","urgency":"loud"}', b"[" * 60000,
                 b'{"summary":"' + b"x" * 70000 + b'"}'):
        outcome = desktop.notify(text=text)
        assert outcome.returncode == 2 and outcome.said is None, outcome.reported()
        assert outcome.stderr.startswith("delegate-notify: ") and outcome.stderr.count("\n") == 1, outcome.stderr
    assert calls(server) == []
    return desktop.notify(text=b'{"summary":""}')


@situation("input that never ends")
def endless_input(desktop):
    reader, writer = os.pipe()
    child = subprocess.Popen([desktop.programs.notify], stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=desktop.environment)
    os.close(reader)
    begun = time.monotonic()
    outcome = desktop.notify(environment={})  # another one meanwhile, for the table's form
    out, err = child.communicate(timeout=20)
    outcome.took, outcome.returncode, outcome.said = time.monotonic() - begun, child.returncode, None
    os.close(writer)
    assert child.returncode == -signal.SIGALRM and (out, err) == (b"", b"")
    return outcome


@situation("SIGALRM inherited as ignored and blocked, reader that takes nothing")
def stuck_output(desktop):
    desktop.bus()
    desktop.server()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 65536)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)

    def no_alarm():
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    begun = time.monotonic()
    child = subprocess.Popen([desktop.programs.notify], stdin=subprocess.PIPE, stdout=writer, env=desktop.environment,
                             preexec_fn=no_alarm)
    child.communicate(b'{"summary":"x","budget_ms":500}', timeout=20)
    outcome = desktop.notify(environment={})
    outcome.took, outcome.returncode, outcome.said = time.monotonic() - begun, child.returncode, None
    os.close(reader)
    os.close(writer)
    assert child.returncode == -signal.SIGALRM
    return outcome


@situation("standard streams closed by the caller")
def closed_streams(desktop):
    desktop.bus()
    server = desktop.server()
    script = f'exec "{desktop.programs.notify}" >&- 2>&-'
    subprocess.run(["/bin/sh", "-c", script], input=b'{"summary":"x"}', env=desktop.environment, timeout=20,
                   check=False)
    wait_until(lambda: len(calls(server)) == 1, "it was shown")
    return delivered(desktop.notify())
