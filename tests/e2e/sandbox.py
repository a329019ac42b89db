"""Where the real CLIs run: a network of loopback only, an empty home, a scrubbed environment.

Nothing of the user's is read or changed: no login, no key, no settings. The three CLIs are pointed at the
fake API on loopback, with invalid keys.
"""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
NOT_A_KEY = "not-a-key"
INSIDE = "DELEGATE_E2E_INSIDE_NAMESPACE"
BASIC_TOOLS = ("sh", "bash", "env", "cat", "ls", "uname", "head", "tail", "grep", "sed", "rm", "mkdir", "touch", "git")


class Unavailable(Exception):
    """This machine cannot run these tests; the text says why."""


def namespace_command():
    """What to put before a command so that it runs without a network."""
    unshare = shutil.which("unshare")
    if not unshare:
        raise Unavailable("unshare is not installed, so there is no way to cut the network off")
    command = [unshare, "-n" if os.geteuid() == 0 else "-rn"]
    if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Unavailable("this machine does not let us create a network namespace")
    return command


def enter_loopback_only_network():
    """Start this program again inside a fresh network namespace, and bring its loopback up there."""
    if INSIDE not in os.environ:
        command = namespace_command()
        os.environ[INSIDE] = "1"
        os.execv(command[0], [*command, sys.executable, *sys.argv])
    if len(pathlib.Path("/proc/net/route").read_text().splitlines()) > 1:
        raise Unavailable(f"{INSIDE} is set, but this is not a network of loopback only")
    set_loopback_up()


def set_loopback_up():
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def cache():
    """Where the installed CLIs and the sandboxes are; the installer has the same rule."""
    if "DELEGATE_E2E_CACHE" in os.environ:
        return pathlib.Path(os.environ["DELEGATE_E2E_CACHE"])
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "delegate-e2e"


def install_real_clis(versions="pinned"):
    """Name -> path of the CLIs and of node. `versions`: "pinned", or "newest", those that npm has now.

    Needs the network, so call it before giving that up."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is not installed")
    namespace_command()  # no point in a large download that cannot be used
    done = subprocess.run([HERE / "install_real_clis.sh", versions], stdout=subprocess.PIPE, text=True, timeout=1200)
    if done.returncode != 0:
        raise Unavailable(f"the {versions} real CLIs could not be installed")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def json_lines(log):
    """What stands in a log that may be written to at this moment: its whole lines."""
    return [json.loads(line) for line in log.read_text().rpartition("\n")[0].splitlines()]


class Server:
    """One of our fake servers as a child process, with its control endpoint and its log."""

    def __init__(self, script, log):
        self.log_path = pathlib.Path(log)
        self.log_path.touch()
        self.process = subprocess.Popen([sys.executable, HERE / script, "--until-eof", "--log", log], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline().split()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def mode(self, mode, part=None, details=None):
        query = f"mode={mode}" + (f"&part={part}" if part else "")
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        no_proxy.open(f"{self.url}/control?{query}", json.dumps(details or {}).encode(), timeout=10).close()

    def requests(self, **wanted):
        """The requests so far whose fields have these values."""
        entries = json_lines(self.log_path)
        return [entry for entry in entries if all(entry.get(key) == value for key, value in wanted.items())]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Finished:
    def __init__(self, stdout, stderr, exit_code, seconds):
        self.stdout, self.stderr, self.exit_code, self.seconds = stdout, stderr, exit_code, seconds


class Running:
    """A program at work, and a thread that talks with it."""

    def __init__(self, argv, stdin, **where):
        self.started = time.monotonic()
        self.child = subprocess.Popen(argv, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, **where)
        self.said = (b"", b"")
        self.talk = threading.Thread(target=self.communicate, args=(stdin.encode(),), daemon=True)
        self.talk.start()

    def communicate(self, stdin):
        self.said = self.child.communicate(stdin)

    def finish(self, timeout):
        """Wait for the end, or kill the whole process group when the time is up (exit code None)."""
        self.talk.join(timeout)
        exit_code = self.child.returncode
        if self.talk.is_alive():
            exit_code = None
            os.killpg(self.child.pid, signal.SIGKILL)
            self.talk.join(10)
        stdout, stderr = (each.decode(errors="replace") for each in self.said)
        return Finished(stdout, stderr, exit_code, time.monotonic() - self.started)


class Sandbox:
    """An isolated home, project folder and PATH on disk, removed again on close()."""

    def __init__(self, clis):
        # Not under /tmp: Gemini refuses settings files below a folder that others may write to.
        cache().mkdir(parents=True, exist_ok=True)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=cache()))
        self.home, self.project = self.root / "home", self.root / "home" / "project"
        self.bin, self.temporary = self.root / "bin", self.root / "tmp"
        for folder in (self.project, self.bin, self.temporary):
            folder.mkdir(parents=True)
        tools = {**{tool: shutil.which(tool) for tool in BASIC_TOOLS}, **clis}
        for name, path in tools.items():
            if path:
                (self.bin / name).symlink_to(path)
        self.environment = {
            "HOME": str(self.home), "PATH": str(self.bin), "TMPDIR": str(self.temporary),
            "XDG_CONFIG_HOME": str(self.home / ".config"), "XDG_STATE_HOME": str(self.home / ".local/state"),
            "XDG_CACHE_HOME": str(self.home / ".cache"), "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_RUNTIME_DIR": str(self.temporary), "LANG": "C.UTF-8", "TERM": "dumb", "USER": "user"}

    def use_api(self, url):
        """Point the three CLIs at the fake API, each in the way its own users would."""
        self.environment |= {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": NOT_A_KEY, "CODEX_API_KEY": NOT_A_KEY,
                             "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": NOT_A_KEY}
        self.write(".codex/config.toml", f'openai_base_url = "{url}/v1"\n')
        self.write(".gemini/settings.json", json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}))

    def write(self, name, text):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, argv, stdin="", **environment):
        return Running(argv, stdin, cwd=self.project, env=self.environment | environment)

    def run(self, argv, stdin="", timeout=60, **environment):
        return self.start(argv, stdin, **environment).finish(timeout)

    def processes(self):
        """The pids of whatever still runs with this sandbox for a home."""
        mark = f"HOME={self.home}".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass  # gone already, or not ours to look at
        return found

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)
