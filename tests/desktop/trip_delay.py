"""How much a trip delays an ask, in every state of the desktop.

The answer comes from the next backend, with and without a breaker that opens. Whatever hangs on the desktop, the person
is not to wait for it.
"""

import re
import statistics
import time

from asking import PERHAPS, Asking
from dunst_test import dunst, situations as dunst_situations
from private_desktop import Desktop
from situations import STATES, delivered

ROUNDS = 3
ASKS = 3  # of each round, without a trip
HEAD = ("| state of the desktop | on record | an ask | that trips | added | over after | left |\n"
        "|---|---|---|---|---|---|---|")


class Trip:
    """An ask that opens a breaker, after some that fail likewise and do not. Takes the place of an Outcome."""

    def __init__(self, desktop, environment, options):
        asking = Asking(desktop, "broken", "steady", threshold=ASKS + 2, environment=environment, **options)
        asking.works("steady")
        asking.ask("steady")  # makes the store
        self.without = [asking.ask("steady") for _ in range(ASKS)]
        assert asking.records() == []
        self.took = asking.ask("steady")
        begun = time.monotonic()
        records = asking.in_the_end()
        self.over = time.monotonic() - begun
        assert len(records) == 1, records
        self.record, self.left = records[0], len(asking.left())

    def must_be_delivered(self):
        assert (self.record["delivery"], self.record.get("channel")) == ("delivered", "desktop"), self.record

    def must_not_be_delivered(self, reason, maybe):
        assert self.record["delivery"] == "undelivered", self.record
        # What may have been shown is not sent through another channel.
        expected = f"desktop: {PERHAPS}" if maybe else reason
        assert expected in self.record["detail"] and maybe == ("terminal: " not in self.record["detail"]), self.record

    def on_record(self):
        if self.record["delivery"] == "delivered":
            return "delivered by the desktop"
        return self.record["detail"].replace("; terminal: stderr is not a terminal that can show it", "")


class TrippingDesktop(Desktop):
    """Where delegate-notify would be called, a breaker opens instead."""

    def notify(self, notice=None, environment=None, text=None, **options):
        return Trip(self, environment, options)


def a_server(desktop):
    desktop.bus()
    desktop.server()
    return delivered(desktop.notify())


def with_dunst(desktop):
    dunst(desktop)
    return delivered(desktop.notify())


def states():
    of_dunst = [(name, function) for name, function in dunst_situations(None)
                if name in ("dunst, do not disturb", "dunst, started by the bus")]
    return [("a server runs", a_server), *STATES, ("dunst", with_dunst), *of_dunst]


def milliseconds(seconds):
    return f"{seconds * 1000:.0f} ms"


def row(programs, name, function):
    """Each round on its own desktop; medians."""
    trips = []
    for _ in range(ROUNDS):
        with TrippingDesktop(programs) as desktop:
            trips.append(function(desktop))
    without = statistics.median(took for trip in trips for took in trip.without)
    with_trip = statistics.median(trip.took for trip in trips)
    on_record = re.sub(r"x{20,}", "xxx…", re.sub(r"/tmp/\S*?dlgd-[^/\s]*", "…", trips[0].on_record()))
    over = statistics.median(trip.over for trip in trips)
    return (f"| {name} | {on_record} | {milliseconds(without)} | {milliseconds(with_trip)} | "
            f"{milliseconds(with_trip - without)} | {milliseconds(over)} | {max(trip.left for trip in trips)} |")
