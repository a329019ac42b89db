"""A real notification server, dunst, on a virtual screen: Xvfb."""

import json
import os
import subprocess

from private_desktop import wait_until
from situations import delivered


def screen(desktop):
    reader, writer = os.pipe()
    desktop.start(["Xvfb", "-displayfd", str(writer), "-screen", "0", "640x240x24", "-nolisten", "tcp"],
                  pass_fds=(writer,))
    os.close(writer)
    with os.fdopen(reader) as said:
        desktop.environment["DISPLAY"] = ":" + said.readline().strip()


def ask_dunst(desktop, *words):
    return subprocess.run(["dunstctl", *words], env=desktop.environment, check=True, timeout=10, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True).stdout


def owner_is_there(desktop):
    question = ["dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.Notifications"]
    return b"true" in subprocess.run(question, env=desktop.environment, check=False, timeout=10,
                                     stdout=subprocess.PIPE).stdout


def dunst(desktop):
    desktop.bus()
    screen(desktop)
    dunst_itself = desktop.start(["dunst"])
    wait_until(lambda: owner_is_there(desktop), "dunst has its name")
    return dunst_itself


def counts(desktop):
    """Waiting, displayed, history."""
    return [int(line.split(":")[1]) for line in ask_dunst(desktop, "count").splitlines()]


def without_name(shown):
    """The text without the name of the program, which is at the end of one of them, for dunst does not show it."""
    summary = shown["summary"].removesuffix(" (delegate)")
    body = shown["body"] if summary != shown["summary"] else shown["body"].removesuffix("delegate")
    assert (summary, body) != (shown["summary"], shown["body"]), shown
    return {**shown, "summary": summary, "body": body.rstrip("\n")}


def history(desktop):
    """What dunst showed, newest first."""
    ask_dunst(desktop, "close-all")
    return [without_name({key: entry[key]["data"] for key in ("appname", "summary", "body", "category", "id")})
            for entry in json.loads(ask_dunst(desktop, "history"))["data"][0]]


def picture(desktop, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["import", "-window", "root", str(path)], env=desktop.environment, check=True, timeout=20)
    colours = subprocess.run(["identify", "-format", "%k", str(path)], env=desktop.environment, check=True, timeout=20,
                             stdout=subprocess.PIPE, text=True).stdout
    return int(colours)


def situations(pictures):
    def shown_by_dunst(desktop):
        dunst(desktop)
        empty = picture(desktop, desktop.root / "empty.png")
        outcome = delivered(desktop.notify({
            "summary": "claude is unavailable: using qwen3:8b", "body": "rate limit <5h> & weekly, again at 15:40",
            "category": "network.error", "icon": "dialog-warning"}))
        wait_until(lambda: picture(desktop, pictures / "dunst.png") > empty, "there is something to see")
        assert counts(desktop) == [0, 1, 0]
        assert history(desktop) == [{
            "appname": "delegate", "summary": "claude is unavailable: using qwen3:8b",
            "body": "rate limit &lt;5h&gt; &amp; weekly, again at 15:40", "category": "network.error",
            "id": outcome.said["id"]}]
        return outcome

    def do_not_disturb(desktop):
        dunst(desktop)
        ask_dunst(desktop, "set-paused", "true")
        outcome = delivered(desktop.notify())
        assert counts(desktop) == [1, 0, 0]
        return outcome

    def started_by_the_bus(desktop):
        screen(desktop)
        desktop.activatable("/usr/bin/env DISPLAY=" + desktop.environment["DISPLAY"] + " dunst")
        desktop.bus()
        outcome = delivered(desktop.notify())
        assert counts(desktop) == [0, 1, 0]
        return outcome

    def replaced_and_closed(desktop):
        dunst(desktop)
        first = delivered(desktop.notify())
        shown = {"id": first.said["id"], "server": first.said["server"]}
        second = delivered(desktop.notify({"summary": "claude is back", "urgency": "low", "replaces": shown}))
        assert counts(desktop) == [0, 1, 0]
        closed = desktop.notify({"close": shown})
        assert closed.returncode == 0 and closed.said["closed"] is True, closed.said
        assert counts(desktop) == [0, 0, 1]
        assert [entry["summary"] for entry in history(desktop)] == ["claude is back"]
        return second

    return [("dunst", shown_by_dunst), ("dunst, do not disturb", do_not_disturb),
            ("dunst, started by the bus", started_by_the_bus), ("dunst, replaced and closed", replaced_and_closed)]
