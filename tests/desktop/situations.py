"""Every state that a session bus and a notification server were seen in: what delegate-notify makes of it.

Each function gets a fresh desktop and returns the Outcome that goes into the table. What it makes of unusual notices and
callers is in notices_test.py.
"""

import os
import pwd
import signal
import socket
import threading
import time

from private_desktop import calls, wait_until

SITUATIONS = []
STATES = []


# Shorter than the default, for what never answers.
HURRY = {"summary": "claude is unavailable", "budget_ms": 500, "activation_ms": 500}


class Skipped(Exception):
    """This machine cannot create the situation; the text says why."""


def situation(name):
    def add(function):
        SITUATIONS.append((name, function))
        return function
    return add


def state(name):
    """A situation of the desktop alone, which a trip can meet, too."""
    def add(function):
        STATES.append((name, function))
        return situation(name)(function)
    return add


def not_delivered(outcome, reason, maybe=False):
    outcome.must_not_be_delivered(reason, maybe)
    return outcome


def delivered(outcome):
    outcome.must_be_delivered()
    return outcome


@situation("a server runs")
def a_server(desktop):
    desktop.bus()
    server = desktop.server()
    outcome = delivered(desktop.notify({"summary": "a <b> & c", "body": "x <i>y</i> & z", "urgency": "critical",
                                        "icon": "dialog-warning", "category": "network.error"}))
    assert calls(server) == [{
        "call": "Notify", "app": "delegate", "replaces": 0, "icon": "dialog-warning", "summary": "a <b> & c (delegate)",
        "body": "x &lt;i&gt;y&lt;/i&gt; &amp; z", "actions": 0,
        "hints": {"urgency": {"type": "y", "value": 2}, "category": {"type": "s", "value": "network.error"}},
        "expire": -1}], server.lines
    return outcome


@state("no bus")
def no_bus(desktop):
    return not_delivered(desktop.notify(), "/bus: no such file")


@state("no bus, but a display: none is launched")
def no_bus_launched(desktop):
    outcome = not_delivered(desktop.notify(environment={**desktop.environment, "DISPLAY": ":0"}), "no such file")
    assert desktop.marked() == []
    return outcome


@state("stale address")
def stale_address(desktop):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(desktop.root / "stale"))  # nothing listens
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={desktop.root}/stale"
    return not_delivered(desktop.notify(), "connection refused")


@state("stale address, the bus is in the runtime directory")
def stale_but_runtime(desktop):
    desktop.socket = desktop.root / "runtime" / "bus"
    desktop.bus(address=False)
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={desktop.root}/stale"
    server = desktop.start([desktop.programs.server],
                           {**desktop.environment, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={desktop.socket}"})
    wait_until(lambda: '"ready"' in server.lines, "the fake server has its name")
    return delivered(desktop.notify())


@state("address of a program or of another host")
def other_transport(desktop):
    touched = desktop.root / "touched"
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = (
        f"unixexec:path=/usr/bin/touch,argv1={touched};tcp:host=127.0.0.1,port=1")
    outcome = not_delivered(desktop.notify(), "is not a socket of this machine")
    assert not touched.exists()
    return outcome


@state("path of more than 108 bytes")
def long_path(desktop):
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/" + "x" * 120
    return not_delivered(desktop.notify(), "path is too long for a socket")


def as_nobody():
    if os.geteuid() != 0:
        raise Skipped("only root can be two users")
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@state("root, at the bus of another user")
def bus_of_another(desktop):
    user = as_nobody()
    os.chmod(desktop.root, 0o777)
    os.chmod(desktop.root / "services", 0o755)
    desktop.bus(**user)
    return not_delivered(desktop.notify(), "belongs to another user")


@state("another user, at root's bus")
def bus_of_root(desktop):
    user = as_nobody()
    os.chmod(desktop.root, 0o777)
    desktop.bus()
    wait_until(desktop.socket.exists, "the socket")
    os.chmod(desktop.socket, 0o777)
    return not_delivered(desktop.notify(**user), "belongs to another user")


@state("bus, no server, none to start")
def no_server(desktop):
    desktop.bus()
    return not_delivered(desktop.notify(environment={**desktop.environment, "DISPLAY": ":0"}), "cannot start one")


@state("server to be started, no display")
def no_display(desktop):
    desktop.activatable(desktop.programs.server)
    desktop.bus()
    outcome = not_delivered(desktop.notify(), "no display")
    assert desktop.marked() == []
    return outcome


def systemd_knows(desktop, *entries):
    """The systemd of this session has these variables for what it starts."""
    arguments = [word for entry in entries for word in ("--systemd", entry)]
    systemd = desktop.start([desktop.programs.server, "--portal", *arguments])
    wait_until(lambda: '"ready"' in systemd.lines, "the fake systemd has its name")


@state("server to be started, the display is known to systemd alone")
def display_of_systemd(desktop):
    log = desktop.root / "log"
    desktop.activatable(f"/bin/sh -c '{desktop.programs.server} > {log}'")
    desktop.bus()
    display = socket.socket(socket.AF_UNIX)
    display.bind(str(desktop.root / "runtime" / "wayland-7"))
    display.listen(5)
    systemd_knows(desktop, f"XDG_RUNTIME_DIR={desktop.root}/runtime", "WAYLAND_DISPLAY=wayland-7")
    outcome = delivered(desktop.notify())
    assert log.read_text().count('"Notify"') == 1
    display.close()
    return outcome


@state("server to be started, systemd knows the display of an earlier session")
def display_that_was(desktop):
    desktop.activatable(desktop.programs.server)
    desktop.bus()
    systemd_knows(desktop, "HOME=/", "DISPLAY=:94321", "WAYLAND_DISPLAY=/nowhere")
    outcome = not_delivered(desktop.notify(), "no display")
    assert desktop.marked("notification_se") == []
    return outcome


@state("server to be started that needs 1 s")
def slow_start(desktop):
    log = desktop.root / "log"
    desktop.activatable(f"/bin/sh -c '{desktop.programs.server} --wait 1000 > {log}'")
    desktop.bus()
    outcome = delivered(desktop.notify(environment={**desktop.environment, "WAYLAND_DISPLAY": "wayland-0"}))
    assert log.read_text().count('"Notify"') == 1
    return outcome


@state("server to be started that never comes up")
def never_comes_up(desktop):
    desktop.activatable("/bin/sleep 60")
    desktop.bus()
    display = {**desktop.environment, "DISPLAY": ":0"}
    return not_delivered(desktop.notify(HURRY, display), "the notification server did not start within")


@situation("server to be started that is given up and comes up later")
def comes_up_too_late(desktop):
    log = desktop.root / "log"
    desktop.activatable(f"/bin/sh -c '{desktop.programs.server} --wait 1000 > {log}'")
    desktop.bus()
    display = {**desktop.environment, "DISPLAY": ":0"}
    outcome = not_delivered(desktop.notify({"summary": "x", "activation_ms": 600}, display),
                            "did not start within 600 ms")
    wait_until(lambda: "ready" in log.read_text(), "the server is there")
    delivered(desktop.notify({"summary": "y"}))
    assert log.read_text().count('"Notify"') == 1, "what was given up is not shown later"
    return outcome


@state("server to be started that cannot")
def cannot_start(desktop):
    desktop.activatable("/bin/false")
    desktop.bus()
    return not_delivered(desktop.notify(environment={**desktop.environment, "DISPLAY": ":0"}), "cannot start")


@state("server never answers")
def never_answers(desktop):
    desktop.bus()
    server = desktop.server("--mute")
    outcome = not_delivered(desktop.notify(HURRY), "did not answer within", maybe=True)
    assert len(calls(server)) == 1
    return outcome


@state("server stopped (SIGSTOP)")
def stopped(desktop):
    desktop.bus()
    server = desktop.server()
    os.kill(server.child.pid, signal.SIGSTOP)
    outcome = not_delivered(desktop.notify(HURRY), "did not answer within", maybe=True)
    os.kill(server.child.pid, signal.SIGCONT)
    wait_until(lambda: len(calls(server)) == 1, "it is shown after all, once")
    return outcome


@state("server answers Notify late")
def late_answer(desktop):
    desktop.bus()
    server = desktop.server("--late", "1000")
    outcome = delivered(desktop.notify())
    assert len(calls(server)) == 1
    return outcome


@state("server answers with an error")
def error_answer(desktop):
    desktop.bus()
    server = desktop.server("--error", "org.freedesktop.Notifications.Error.ExcessNotificationGeneration")
    outcome = not_delivered(desktop.notify(), "rejected it: too many  [31mnotifications")
    assert len(calls(server)) == 1
    return outcome


@state("server dies in Notify")
def dies(desktop):
    desktop.bus()
    desktop.server("--die")
    return not_delivered(desktop.notify(), "exited before it answered")


@state("bus ends while the server thinks")
def bus_ends(desktop):
    bus = desktop.bus()
    server = desktop.server("--mute")

    def end_it():
        wait_until(lambda: calls(server), "Notify arrived")
        bus.child.kill()
    ending = threading.Thread(target=end_it)
    ending.start()
    outcome = not_delivered(desktop.notify({"summary": "x", "budget_ms": 5000}), "closed the connection", maybe=True)
    ending.join()
    return outcome


class Listener:
    """A socket where the bus should be. `serve` gets each connection in a thread of its own."""

    def __init__(self, desktop, serve, queue=5):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(desktop.root / "false-bus"))
        self.socket.listen(queue)
        self.serve = serve
        desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={desktop.root}/false-bus"
        if serve:
            threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()


@state("bus accepts and never speaks")
def hung_bus(desktop):
    heard = []
    Listener(desktop, lambda connection: (heard.append(connection), time.sleep(20)))
    return not_delivered(desktop.notify(HURRY), "the session bus did not answer")


@state("bus does not accept, its queue is full")
def full_queue(desktop):
    listener = Listener(desktop, None, queue=0)
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for one in waiting:
        one.setblocking(False)
        try:
            one.connect(str(desktop.root / "false-bus"))
        except BlockingIOError:
            pass
    outcome = not_delivered(desktop.notify(HURRY), "it does not accept")
    listener.socket.close()
    return outcome


@state("bus closes at once")
def closing_bus(desktop):
    Listener(desktop, lambda connection: connection.close())
    return not_delivered(desktop.notify(), "the session bus")


@state("bus rejects us")
def rejecting_bus(desktop):
    def reject(connection):
        connection.recv(4096)
        connection.sendall(b"REJECTED EXTERNAL\r\n")
        time.sleep(20)
    Listener(desktop, reject)
    return not_delivered(desktop.notify(HURRY), "the session bus")


@state("bus speaks another language, without end")
def babbling_bus(desktop):
    def babble(connection):
        try:
            while True:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 100)
        except OSError:
            connection.close()
    Listener(desktop, babble)
    return not_delivered(desktop.notify(), "the session bus")


@situation("every answer 3 s late")
def late_bus(desktop):
    desktop.bus(address=False)
    server = desktop.start([desktop.programs.server],
                           {**desktop.environment, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={desktop.socket}"})
    wait_until(lambda: '"ready"' in server.lines, "the fake server has its name")

    def relay(connection):
        bus = socket.socket(socket.AF_UNIX)
        bus.connect(str(desktop.socket))

        def back():
            while data := bus.recv(65536):
                time.sleep(3)
                try:
                    connection.sendall(data)
                except OSError:
                    return
        threading.Thread(target=back, daemon=True).start()
        while data := connection.recv(65536):
            bus.sendall(data)
        bus.close()
    Listener(desktop, relay)
    outcome = not_delivered(desktop.notify(HURRY), "the session bus did not answer")
    assert calls(server) == []
    return outcome


OWN_PIDS = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")  # as in a container


def portal(desktop):
    server = desktop.start([desktop.programs.server, "--portal"])
    wait_until(lambda: '"ready"' in server.lines, "the fake portal has its name")
    return server


def in_container(desktop, notice=None, **variables):
    if os.geteuid() != 0:
        raise Skipped("only root can create a pid namespace")
    return desktop.notify(notice, {**desktop.environment, **variables}, through=OWN_PIDS)


def in_sandbox(desktop, notice):
    return in_container(desktop, notice, container="flatpak")


@situation("sandbox, behind the proxy of Flatpak")
def behind_proxy(desktop):
    desktop.bus()
    server = desktop.server()
    through = portal(desktop)
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = desktop.sandbox()
    outcome = delivered(in_sandbox(desktop, {"summary": "claude is unavailable"}))
    assert calls(server) == [] and len(calls(through, "AddNotification")) == 1
    return outcome


@situation("sandbox, the desktop portal alone")
def portal_alone(desktop):
    desktop.bus()
    server = portal(desktop)
    news = {"summary": "a <b> & c", "body": "x <i>y</i>", "urgency": "critical", "icon": "dialog-warning",
            "category": "network.error", "tag": "delegate-claude"}
    outcome = delivered(in_sandbox(desktop, news))
    assert outcome.said["tag"] == "delegate-claude"
    assert calls(server, "AddNotification") == [{
        "call": "AddNotification", "id": "delegate-claude", "title": "a <b> & c (delegate)", "body": "x <i>y</i>",
        "priority": "urgent", "icon": "(sv)"}], server.lines
    again = delivered(in_sandbox(desktop, {**news, "tag": "other", "replaces": {"tag": "delegate-claude"}}))
    assert again.said["tag"] == "delegate-claude" and again.said["replaced"] is True
    closed = in_sandbox(desktop, {"close": {"tag": "delegate-claude"}})
    assert closed.returncode == 0 and closed.said["closed"] is True, closed.said
    assert calls(server, "RemoveNotification") == [{"call": "RemoveNotification", "id": "delegate-claude"}]
    return outcome


@situation("sandbox that denies the server and has the portal")
def server_denied(desktop):
    desktop.bus(denied='<deny send_destination="org.freedesktop.Notifications"/>')
    server = desktop.server()
    through = portal(desktop)
    outcome = delivered(desktop.notify(environment={**desktop.environment, "SNAP": "/snap/delegate/1"}))
    assert calls(server) == [] and len(calls(through, "AddNotification")) == 1
    return outcome


@situation("sandbox that denies the server and has no portal")
def denied_alone(desktop):
    desktop.bus(denied='<deny send_destination="org.freedesktop.Notifications"/>')
    server = desktop.server()
    outcome = not_delivered(desktop.notify(), "cannot be called from this sandbox")
    assert calls(server) == []
    return outcome


@situation("another container with the session bus, the desktop portal alone")
def portal_in_container(desktop):
    desktop.bus()
    server = portal(desktop)
    for variables in ({}, {"container": "podman"}, {"container": "oci"}):
        outcome = not_delivered(in_container(desktop, **variables), "no notification server is running")
    assert calls(server, "AddNotification") == [], "the portal would say yes and show nothing"
    return outcome


@situation("no sandbox, the desktop portal without a server")
def portal_outside(desktop):
    desktop.bus()
    server = portal(desktop)
    outcome = not_delivered(desktop.notify(), "no notification server is running")
    assert calls(server, "AddNotification") == [], "the portal would say yes and show nothing"
    return outcome
