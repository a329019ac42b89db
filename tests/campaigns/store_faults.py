#!/usr/bin/env python3
"""Commands with a state file that is damaged in any way, also while they run.

  store_faults.py --delegate BINARY [--minutes N] [--seed N]

Beside the rules of every campaign: what is wrong with the content of the file is over after a few more calls.
"""

import contextlib
import os
import shutil
import sqlite3
import sys
import threading
import time

import campaign

COMMANDS = [["ask", "hello"], ["ask", "--json", "hello"], ["status"], ["status", "--json"], ["doctor"], ["health"], ["runs"],
            ["runs", "--json"], ["runs", "--totals"], ["canary", "run"], ["canary", "list"], ["notifications"],
            ["breaker", "reset", "one"], ["submit", "hello"]]
VALUES = [None, "", "x", -1, 2 ** 63 - 1, -2 ** 63, 1e308, b"\xff\x00\xfe", "{}", "[]", "{" * 200, "9" * 400, "x" * 100_000]


def bytes_changed(chance, path):
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 30, 1000])):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)


def page_changed(chance, path):
    data = bytearray(path.read_bytes())
    page = chance.randrange(max(1, len(data) // 4096)) * 4096
    data[page:page + 4096] = chance.choice([bytes(4096), os.urandom(4096)])
    path.write_bytes(data)


def cut(chance, path):
    os.truncate(path, chance.randrange(path.stat().st_size + 1))


def replaced(chance, path):
    path.write_bytes(chance.choice([b"", b"x", b"SQLite format 3\0", os.urandom(9000), b"#!/bin/sh\n" * 500]))


def log_damaged(chance, path):
    log = path.with_name(path.name + "-wal")
    if log.exists():
        chance.choice([bytes_changed, cut, replaced])(chance, log)
    else:
        log.write_bytes(os.urandom(chance.choice([1, 32, 5000])))


def log_lost(chance, path):
    for ending in chance.choice([["-wal"], ["-shm"], ["-wal", "-shm"]]):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()


def file_lost(chance, path):
    path.unlink()


def sql(path, statements):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        for statement, *values in statements(store):
            with contextlib.suppress(sqlite3.Error):
                store.execute(statement, values)


def names(store, kind):
    return [name for (name,) in store.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%'", (kind,))]


def schema_changed(chance, path):
    def change(store):
        table = chance.choice(names(store, "table"))
        columns = [row[1] for row in store.execute("PRAGMA table_info(%s)" % table)]
        return chance.choice([
            [("DROP TABLE %s" % table,)],
            [("ALTER TABLE %s DROP COLUMN %s" % (table, chance.choice(columns)),)],
            [("ALTER TABLE %s RENAME TO other" % table,)],
            [("DROP TABLE %s" % table,), ("CREATE TABLE %s (x)" % table,)],
            [("DROP TABLE %s" % table,), ("CREATE VIEW %s AS SELECT 1 AS x" % table,)],
            [("CREATE TRIGGER harm BEFORE INSERT ON %s BEGIN SELECT RAISE(FAIL, 'harm'); END" % table,)],
            [("DROP INDEX %s" % name,) for name in names(store, "index")],
        ])
    sql(path, change)


def version_changed(chance, path):
    sql(path, lambda store: [("PRAGMA %s = %d" % (chance.choice(["user_version", "application_id"]),
                                                  chance.choice([0, 1, 2, 3, 4])),)])


def rows_changed(chance, path):
    def change(store):
        table = chance.choice(names(store, "table"))
        columns = [row[1] for row in store.execute("PRAGMA table_info(%s)" % table)]
        return [("UPDATE %s SET %s = ?" % (table, chance.choice(columns)), chance.choice(VALUES))
                for _ in range(chance.randrange(1, 5))]
    sql(path, change)


CONTENT = [bytes_changed, page_changed, cut, replaced, log_damaged, log_lost, file_lost, schema_changed, version_changed,
           rows_changed]


def filled(home):
    """A history, a breaker's state, an ended job, a canary's memory."""
    for words in (["ask", "hello"], ["submit", "hello"], ["breaker", "reset", "one"], ["canary", "run"]):
        home.run(words)
    home.wait_for_silence()


def trials(options, root, chance, report):
    number = 0
    with_state = campaign.Home(root + "/filled", options.delegate, "max_parallel = 4\n")
    filled(with_state)
    while time.monotonic() < options.until:
        number += 1
        home = campaign.Home("%s/%d" % (root, number), options.delegate, "max_parallel = 4\n")
        shutil.copytree(with_state.state, home.state, dirs_exist_ok=True)
        for place in [home.state, *home.state.parents[:3]]:
            os.chmod(place, 0o700)
        file, damage, words = home.state / "state.db", chance.choice(CONTENT), chance.choice(COMMANDS)
        is_live = chance.random() < 0.3

        def harm():
            with contextlib.suppress(FileNotFoundError, sqlite3.Error, IndexError):
                damage(chance, file)

        timer = threading.Timer(chance.random() * 0.02 if is_live else 0, harm)
        timer.start()
        if not is_live:
            timer.join()
        ended, more = home.run(words), []
        timer.join()
        for _ in range(4):  # a damaged page is found by the call that needs it
            home.wait_for_silence()
            after = home.run(["ask", "hello"])
            if after.code == 0 and not after.err:
                break
        else:
            more.append("the state does not recover: " + " / ".join(after.err.splitlines())[:200].replace(str(home.root), ""))
        if home.wait_for_silence():
            more.append("leaves a process")
        home.kill_all()
        report.add("%s=%d" % (damage.__name__ + (" while it runs" if is_live else ""), number), words, ended, more)
        shutil.rmtree(home.root)


if __name__ == "__main__":
    sys.exit(campaign.main("store faults", trials))
