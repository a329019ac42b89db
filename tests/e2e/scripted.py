"""What the fake API does when it does not just answer: a reply as data, or a plan for the whole turn.

A reply of a vendor's API that is written down as data, as in api_replies.jsonl; the fake API sends it.

status, headers, body  instead of an answer; a body that is no text is sent as JSON
after, event           a stream of which only the first `after` words arrive, followed by this event; with a status,
                       too, that is what a client gets that asks again without a stream

In the texts, @MODEL@ is the model that was asked for, @NOW+S@ the Unix time S seconds later (alone in quotes of JSON: a
number), @IN+S@ that time as "2026-12-01 at 00:00 UTC".

A plan is a list: what the API does after no result of a tool, after one, after two... When the list ends it answers.

tool, arguments  the model calls this tool; in the arguments @HERE@ is the directory that the CLI says it works in
mode             the API is in this mode
"""

import json
import re
import time

from fake_answers import Answer


def filled_in(text, model):
    def at(seconds):
        return time.time() + int(seconds)

    text = text.replace("@MODEL@", model or "")
    text = re.sub(r'"(@NOW\+\d+@)"', r"\1", text)
    text = re.sub(r"@NOW\+(\d+)@", lambda found: str(int(at(found[1]))), text)
    return re.sub(r"@IN\+(\d+)@", lambda found: time.strftime("%Y-%m-%d at %H:%M UTC", time.gmtime(at(found[1]))), text)


class Script:
    def __init__(self, fields):
        self.status, self.after = fields.get("status"), fields.get("after", 0)
        self.headers = {name.lower(): value for name, value in fields.get("headers", {}).items()}
        body = fields.get("body", "")
        self.is_text = isinstance(body, str)
        self.body = body if self.is_text else json.dumps(body)
        self.event = fields.get("event", "")

    def is_whole_reply(self, wants_stream):
        return self.status is not None and not (wants_stream and self.event)

    def send(self, handler, model):
        """The reply that is no stream."""
        headers = [(name, filled_in(value, model)) for name, value in self.headers.items() if name != "content-type"]
        content_type = self.headers.get("content-type", "text/plain" if self.is_text else "application/json")
        handler.send_bytes(self.status, filled_in(self.body, model).encode(), content_type, headers)

    def events(self, vendor, model, answer):
        """What a stream consists of: its opening and the first words, then the event."""
        return [*list(vendor.events(model, answer))[:vendor.opening_events + self.after], filled_in(self.event, model)]


class Plan:
    def __init__(self, steps=()):
        self.steps = steps

    def step(self, vendor, body):
        """The next one; {} when the plan is done, and for what a CLI asks its model besides, without tools."""
        done = len(vendor.tool_results(body))
        return self.steps[done] if vendor.tools(body) and done < len(self.steps) else {}

    def mode(self, vendor, body):
        return self.step(vendor, body).get("mode", "ok")

    def call(self, vendor, body):
        """The tool that is called now, or None."""
        step = self.step(vendor, body)
        if "tool" not in step:
            return None
        arguments = json.dumps(step["arguments"])
        if "@HERE@" in arguments:
            arguments = arguments.replace("@HERE@", directory_in(vendor, body))
        return Answer(tool=step["tool"], arguments=json.loads(arguments))


def directory_in(vendor, body):
    """The directory that a CLI names to its model; in a session of several, the latest (Claude adds what it was)."""
    before = re.escape(json.dumps(vendor.before_directory)[1:-1])
    return re.findall(before + r"([^<\\\"]+)", json.dumps(body))[-1].partition(" (was ")[0]
