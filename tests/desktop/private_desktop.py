"""A private desktop: home, runtime directory, session bus, notification server, screen.

Nothing of the user's desktop is reached: no variable of the caller's is handed on, and every bus has its own socket and
its own configuration. Everything that is started here dies with this process.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

MARK = "DELEGATE_DESKTOP_TEST"
PATIENCE = 10.0
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
    {denied}
  </policy>
</busconfig>
"""


def die_with_parent():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(holds, what):
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.01)


class Process:
    """A child whose lines of output are kept."""

    def __init__(self, argv, environment, **options):
        self.output = tempfile.TemporaryFile()
        self.child = subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent, **options)

    @property
    def lines(self):
        """All that it has written so far."""
        text = os.pread(self.output.fileno(), os.fstat(self.output.fileno()).st_size, 0).decode(errors="replace")
        return text.split("\n")[:-1]

    def end(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.kill()
        self.child.wait()


class Desktop:
    """With `with`: at the end everything is gone."""

    def __init__(self, programs):
        self.programs = programs
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="dlgd-"))  # short: sockets have short paths
        self.processes = []
        for name in ("home", "runtime", "services"):
            (self.root / name).mkdir(mode=0o700)
        self.socket = self.root / "bus"
        self.environment = {
            "HOME": str(self.root / "home"),
            "XDG_RUNTIME_DIR": str(self.root / "runtime"),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            MARK: str(self.root),
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.end()
        for pid in self.marked():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self, argv, environment=None, **options):
        process = Process(argv, environment or self.environment, **options)
        self.processes.append(process)
        return process

    def marked(self, command=None):
        """Processes of this desktop with any parent, except those that it starts and ends itself."""
        known = {process.child.pid for process in self.processes}
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in known:
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                name = (entry / "comm").read_text().strip()
            except OSError:
                continue
            if f"{MARK}={self.root}".encode() in environment and command in (None, name):
                found.append(int(entry.name))
        return found

    def bus(self, address=True, denied="", **options):
        """A private session bus; with `address`, it is in the environment of processes. `denied` is for its policy."""
        config = self.root / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=self.socket, services=self.root / "services", denied=denied))
        bus = self.start(["dbus-daemon", "--nofork", "--nopidfile", "--print-address=1", f"--config-file={config}"],
                         **options)
        wait_until(lambda: any("unix:path" in line for line in bus.lines), "the bus is there")
        if address:
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={self.socket}"
        return bus

    def sandbox(self):
        """The address of the bus for a Flatpak that may call the portals alone."""
        proxy = self.root / "proxy"
        self.proxy_runs, ready = os.pipe()  # it ends when the first is closed, and writes a byte into the second
        self.start(["xdg-dbus-proxy", f"--fd={ready}", f"unix:path={self.socket}", str(proxy), "--filter",
                    "--talk=org.freedesktop.portal.*"], pass_fds=(ready,))
        os.close(ready)
        os.read(self.proxy_runs, 1)
        return f"unix:path={proxy}"

    def server(self, *behaviour):
        server = self.start([self.programs.server, *behaviour])
        wait_until(lambda: '"ready"' in server.lines, "the fake server has its name")
        return server

    def activatable(self, command):
        service = self.root / "services" / "notifications.service"
        service.write_text(f"[D-BUS Service]\nName=org.freedesktop.Notifications\nExec={command}\n")

    def notify(self, notice=None, environment=None, text=None, through=(), **options):
        """`through` is a command that starts it."""
        return Outcome(self, notice or {"summary": "claude is unavailable"}, environment, text, through, options)


class Outcome:
    """One call of delegate-notify: what it said and how long it took, its start and its end included."""

    def __init__(self, desktop, notice, environment, text, through, options):
        given = text if text is not None else json.dumps(notice, ensure_ascii=False).encode()
        begun = time.monotonic()
        done = subprocess.run([*through, desktop.programs.notify], input=given, env=environment or desktop.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, check=False, **options)
        self.took = time.monotonic() - begun
        self.returncode = done.returncode
        self.stderr = done.stderr.decode()
        self.said = json.loads(done.stdout) if done.stdout else None

    def must_be_delivered(self):
        assert self.returncode == 0, self.reported()
        assert self.said["delivered"] is True
        assert "tag" in self.said or (self.said["id"] > 0 and "/:" in self.said["server"])

    def must_not_be_delivered(self, reason, maybe):
        assert self.returncode == 1, self.reported()
        assert self.said["delivered"] is False
        assert self.said.get("maybe", False) == maybe, self.said
        assert reason in self.said["reason"], self.said

    def reported(self):
        if self.said is None:
            return f"exit {self.returncode}: {self.stderr.strip()}" if self.returncode >= 0 else "ended by a signal"
        if self.said["delivered"]:
            return "delivered"
        return ("perhaps: " if self.said.get("maybe") else "not delivered: ") + self.said.get("reason", "")


def calls(server, name="Notify"):
    told = [json.loads(line) for line in server.lines]
    return [call for call in told if isinstance(call, dict) and call["call"] == name]
