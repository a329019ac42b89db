#!/usr/bin/env python3
"""Commands under resource limits: memory, stack, files, size of a file, processes, a full file system.

  limits.py --delegate BINARY [--minutes N] [--seed N]
"""

import os
import resource
import shutil
import sys
import time

import campaign

KB = 1024

COMMANDS = [["ask", "hello"], ["ask", "--json", "hello"], ["status"], ["status", "--json"], ["doctor"], ["health"],
            ["runs"], ["config", "show"], ["backends"], ["canary", "run"], ["submit", "hello"], ["ping", "one"],
            ["explain-failure", "one"], ["help", "ask"], ["mcp"],
            ["drill"]]
CALL = "\n".join(['{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
                  '"clientInfo":{"name":"campaign","version":"1"}}}',
                  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
                  '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ask","arguments":{"prompt":"hello"}}}', ""])


def limited(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))


def without_processes(value):
    def limit():
        campaign.become_nobody()  # root has no limit of processes
        resource.setrlimit(resource.RLIMIT_NPROC, (value, value))
    return limit


def trials(options, root, chance, report):
    # Below the least values not even the loader of the system starts a program.
    kinds = {
        "memory": lambda: (resource.RLIMIT_AS, int(KB * 16_000 * 2 ** (chance.random() * 5))),
        "data": lambda: (resource.RLIMIT_DATA, int(KB * 1_000 * 2 ** (chance.random() * 6))),
        "stack": lambda: (resource.RLIMIT_STACK, int(KB * 64 * 2 ** (chance.random() * 7))),
        "files": lambda: (resource.RLIMIT_NOFILE, chance.randrange(5, 40)),
        "file size": lambda: (resource.RLIMIT_FSIZE, chance.choice([0, 1, 512, 4096, 30_000, 100_000, 1 << 20])),
    }
    number = 0
    while time.monotonic() < options.until:
        number += 1
        home = campaign.Home("%s/%d" % (root, number), options.delegate)
        words = chance.choice(COMMANDS)
        kind = chance.choice([*kinds, "processes", "full disk"])
        launcher, preexec = [], None
        if kind == "processes":
            if os.geteuid() != 0:
                continue
            value = chance.randrange(0, 8)
            preexec = without_processes(value)
            home.give_to_nobody()
        elif kind == "full disk":
            value = chance.choice([0, 4, 8, 16, 32, 64, 128, 512])
            script = ('mount -t tmpfs -o size=%dk,mode=700 none "$HOME/.local" && mount -t tmpfs -o size=%dk,mode=700 none '
                      '"$XDG_RUNTIME_DIR" && exec "$@"' % (max(value, 4), max(chance.choice([value, 512]), 4)))
            (home.root / "home/.local").mkdir()
            launcher = ["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c", script, "sh"]
        else:
            limit, value = kinds[kind]()
            preexec = limited(limit, value)
        ended = home.run(words, launcher, preexec, CALL if words == ["mcp"] else "")
        more = []
        if words == ["mcp"] and ended.code == 0 and '"id":2' not in ended.out:
            more.append("a call without an answer")
        if home.wait_for_silence():
            more.append("leaves a process")
        home.kill_all()
        report.add("%s=%d" % (kind, value), words, ended, more)
        shutil.rmtree(home.root)


if __name__ == "__main__":
    sys.exit(campaign.main("limits", trials))
