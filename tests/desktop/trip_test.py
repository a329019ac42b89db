"""The whole way: real calls of delegate trip a breaker, and a real notification server, dunst, shows it."""

import os
import signal
import subprocess
import time

from asking import PERHAPS, Asking
from dunst_test import ask_dunst, counts, dunst, history, picture
from private_desktop import wait_until

# What a test looks at must not expire on a busy machine meanwhile.
NOTHING_EXPIRES = "".join(f"[urgency_{urgency}]\ntimeout = 0\n" for urgency in ("low", "normal", "critical"))


class Shown:
    """What goes into the table."""

    def __init__(self, words, took):
        self.words, self.took = words, took

    def reported(self):
        return self.words


class Watch:
    """All messages about notifications on the bus."""

    def __init__(self, desktop):
        self.desktop = desktop
        rules = [f"type='{type_}',interface='org.freedesktop.Notifications'" for type_ in ("method_call", "signal")]
        self.monitor = desktop.start(["dbus-monitor", "--session", *rules])
        # It loses its name once it receives everything.
        wait_until(lambda: any("NameLost" in line for line in self.monitor.lines), "the monitor hears the bus")

    def catch_up(self):
        """Waits until it has received a call that is made now, and so all earlier ones."""
        def asked():
            return sum(line.endswith("member=GetServerInformation") for line in self.monitor.lines)
        before = asked()
        subprocess.run(["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.Notifications",
                        "/org/freedesktop/Notifications", "org.freedesktop.Notifications.GetServerInformation"],
                       env=self.desktop.environment, check=True, timeout=20, stdout=subprocess.DEVNULL)
        wait_until(lambda: asked() > before, "the monitor hears the call")

    def notified(self):
        return sum(line.endswith("member=Notify") for line in self.monitor.lines)

    def closed(self):
        """The reasons for which notifications went away."""
        lines = list(self.monitor.lines)
        return [lines[at + 2].split()[-1] for at, line in enumerate(lines[:-2]) if "member=NotificationClosed" in line]


def desktop_with_dunst(desktop):
    place = desktop.root / "home" / ".config" / "dunst"
    place.mkdir(parents=True)
    (place / "dunstrc").write_text(NOTHING_EXPIRES)
    dunst(desktop)
    # The first one loads fonts, which may take longer than a notification may.
    desktop.notify({"summary": "the first one", "budget_ms": 20000})
    ask_dunst(desktop, "close-all")
    return Watch(desktop)


def assert_on_the_bus(watch, notified, closed):
    watch.catch_up()
    assert (watch.notified(), watch.closed()) == (notified, closed), watch.monitor.lines


def titles(desktop):
    """What dunst showed, oldest first, without the first one; what is shown now, goes."""
    return [entry["summary"] for entry in history(desktop)][::-1][1:]


def together(asking, number, *statuses):
    begun = time.monotonic()
    for child in [asking.start("ask", "hello") for _ in range(number)]:
        said = child.communicate(timeout=100)
        assert child.returncode in statuses, said
    return time.monotonic() - begun


def about_backends(records):
    """A guard's record is not for the desktop: it is about delegate itself."""
    return [record for record in records if record["kind"] != "guard"]


def delivered_by_the_desktop(records):
    """Their titles."""
    for record in about_backends(records):
        assert (record["delivery"], record.get("channel")) == ("delivered", "desktop"), record
    return [record["title"] for record in about_backends(records)]


def situations(pictures):
    def outage(desktop):
        watch = desktop_with_dunst(desktop)
        asking = Asking(desktop, "broken", "steady")
        asking.works("steady")
        empty = picture(desktop, desktop.root / "empty.png")
        took = asking.ask("steady")
        trip = delivered_by_the_desktop(asking.in_the_end())
        wait_until(lambda: picture(desktop, pictures / "trip.png") > empty, "there is something to see")
        for _ in range(3):
            asking.ask("steady")
        records = asking.in_the_end()
        assert delivered_by_the_desktop(records) == trip == ["broken: crashed"]
        assert records[0]["count"] == 4, records  # each of the three was a probe that failed
        assert_on_the_bus(watch, notified=1, closed=[])
        asking.works("broken")
        asking.ask("broken")
        both = delivered_by_the_desktop(asking.in_the_end())
        assert both == trip + ["broken: works again"]
        assert_on_the_bus(watch, notified=2, closed=[])
        assert counts(desktop)[:2] == [0, 1], "the recovery alone is on the screen"
        assert titles(desktop) == both[1:]
        return Shown("announced once, probes nothing; the recovery once, in place of the trip", took)

    def two_outages(desktop):
        watch = desktop_with_dunst(desktop)
        asking = Asking(desktop, "broken", "shaky", "steady")
        asking.works("steady")
        asking.works("shaky")
        asking.ask("shaky")
        asking.in_the_end()
        asking.works("shaky", False)
        took = asking.ask("steady")
        delivered_by_the_desktop(asking.in_the_end())
        assert_on_the_bus(watch, notified=2, closed=[])
        assert counts(desktop)[:2] == [0, 1]
        asking.works("broken")
        asking.ask("broken")
        asking.in_the_end()
        assert_on_the_bus(watch, notified=3, closed=[])
        assert counts(desktop)[:2] == [0, 1], "nothing says any more that both are unavailable"
        asking.works("shaky")
        asking.ask("shaky", "-b", "shaky")
        asking.in_the_end()
        assert_on_the_bus(watch, notified=4, closed=[])
        assert counts(desktop)[:2] == [0, 1]
        assert titles(desktop) == ["shaky: works again"]
        return Shown("one, which names both; the recoveries take its place", took)

    def over_at_once(desktop):
        watch = desktop_with_dunst(desktop)
        asking = Asking(desktop, "broken", "steady")
        asking.works("steady")
        took = asking.ask("steady")
        # It is about to announce the trip; while it is stopped, the outage ends.
        teller = asking.left()
        for pid in teller:
            os.kill(pid, signal.SIGSTOP)
        asking.works("broken")
        asking.ask("broken")
        for pid in teller:
            os.kill(pid, signal.SIGCONT)
        records = about_backends(asking.in_the_end())
        assert [record["delivery"] for record in records] == ["unwanted", "unwanted"], records
        assert_on_the_bus(watch, notified=0, closed=[])
        return Shown("neither is announced", took)

    def flaps(desktop):
        desktop_with_dunst(desktop)
        asking = Asking(desktop, "broken", "steady")
        asking.works("steady")
        for _ in range(2):
            asking.works("broken", False)
            took = asking.ask("steady")
            asking.in_the_end()
            asking.works("broken")
            asking.ask("broken")
            asking.in_the_end()
        asking.works("broken", False)
        asking.ask("steady")
        assert delivered_by_the_desktop(asking.in_the_end())[-1] == "broken: unstable"
        assert counts(desktop)[:2] == [0, 1], "nothing says any more that it answers again"
        asking.run("breaker", "reset", "broken")
        asking.in_the_end()
        wait_until(lambda: counts(desktop)[:2] == [0, 0], "nothing says any more that it is unavailable")
        return Shown("what is over is gone, also after a reset by hand", took)

    def sixty_four(desktop):
        watch = desktop_with_dunst(desktop)
        asking = Asking(desktop, "broken", threshold=3)
        took = together(asking, 64, 1, 4)  # 4: it was skipped
        trip = about_backends(asking.in_the_end())
        assert [record["title"] for record in trip] == ["broken: crashed"]
        # On a busy machine dunst may answer too late: then it is unknown what is shown and which to close.
        is_known = trip[0]["delivery"] == "delivered"
        assert is_known or PERHAPS in trip[0]["detail"], trip
        assert_on_the_bus(watch, notified=1, closed=[])
        asking.works("broken")
        together(asking, 8, 0, 4)
        told = [record["title"] for record in about_backends(asking.in_the_end())]
        assert told == ["broken: crashed", "broken: works again"]
        assert_on_the_bus(watch, notified=2, closed=[])
        assert titles(desktop) == (told[1:] if is_known else told)
        return Shown("announced once, the recovery once", took)

    return [("trip: dunst, an outage from its begin to its end", outage),
            ("trip: dunst, two outages within a minute", two_outages),
            ("trip: dunst, an outage that is over before it is announced", over_at_once),
            ("trip: dunst, an outage that comes and goes, and is ended by hand", flaps),
            ("trip: dunst, 64 processes trip one backend", sixty_four)]
