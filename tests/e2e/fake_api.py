#!/usr/bin/env python3
"""A fake of the three vendors' model APIs, on loopback, for the real CLIs to talk to.

    Anthropic  POST /v1/messages, /v1/messages/count_tokens
    OpenAI     POST /v1/responses (the WebSocket variant is refused), GET /backend-api/wham/usage
    Gemini     POST /v1beta/models/MODEL:{generateContent,streamGenerateContent,countTokens}

The answer is "pong: " and the last line of the last user prompt, which proves that the prompt arrived.
The prompt "recall" is answered with "recalled: " and the earlier prompts, which proves that a resumed
session carried its history. The prompt "call TOOL {json}" makes the model call that tool, and what the
tool said comes back as "tool said: ..." on one line, which proves what a CLI lets its model do. With
"call TOOL {json} then call TOOL {json}" it calls one after the other, where RUN in the arguments is the
run that delegate named last, and OFFSET where the next part of its answer begins: such a call, if it is the last, is
repeated until there is no next part. Usage is always 11 tokens in and 7 out for each answer.

The failure modes speak each vendor's own shapes: what "401" is for Anthropic and OpenAI is a 400 with
API_KEY_INVALID for Gemini, and "529" (overloaded) is a 503 outside Anthropic. In the mode "scripted" the reply is the one that came with the mode,
in the mode "steps" the whole turn is, for one vendor (see scripted.py for both).

A mode that comes with "headers", a list of objects, adds the first one to the headers of the next streamed answer
or error, the second one to those of the reply after that, and so on; the last one stays. One that comes with "usage"
answers with that object when the Codex CLI asks how much of its windows is used.
"""

import time

from fake_answers import (
    AT_HEADERS, Answer, BAD_GATEWAY, BEFORE, ENDINGS, HELD, IN_THE_MIDDLE, MODES, NOT_AN_API, PORTAL, SCRIPTED, STEPS)
from fake_vendors import VENDORS
from loopback_server import LoopbackHandler, LoopbackServer, serve
from scripted import Plan, Script


class Handler(LoopbackHandler):
    keys = ("Authorization", "X-Api-Key", "X-Goog-Api-Key")
    headers_of_interest = (*keys, "User-Agent", "Upgrade")

    def respond(self):
        vendor = next((vendor for vendor in VENDORS if vendor.claims(self)), None)
        body = self.json_body()
        mode = self.server.modes[vendor.name] if vendor else "ok"
        self.log(vendor, body, mode)
        if self.url.path == PORTAL:
            self.send_bytes(200, NOT_AN_API, "text/html")
        elif not vendor:
            self.send_text(200, "") if self.command == "HEAD" else self.send_text(404, "not found")
        elif not vendor.side_request(self, body):
            self.answer(vendor, body, mode)

    def log(self, vendor, body, mode):
        prompts = vendor.prompts(body) if vendor else []
        results = vendor.tool_results(body) if vendor else []
        tools = vendor.tools(body) if vendor else {}
        self.server.record({
            "vendor": vendor.name if vendor else None, "method": self.command, "path": self.url.path,
            "model": vendor.model(self, body) if vendor else None, "mode": mode,
            "prompt": prompts[-1] if prompts else None, "earlier": prompts[:-1],
            "tool_result": results[-1] if results else None,
            "system": vendor.system(body) if vendor else None,
            "tools": list(tools),
            "tools_of_delegate": {name: tool for name, tool in tools.items() if "delegate" in name},
            "headers": {name: self.headers[name] for name in self.headers_of_interest if name in self.headers}})

    def answer(self, vendor, body, mode):
        model, asked_in, planned = vendor.model(self, body), mode, None
        if mode == STEPS:
            plan = self.server.plans[vendor.name]
            mode, planned = plan.mode(vendor, body), plan.call(vendor, body)
        while mode == HELD:
            time.sleep(0.02)
            now = self.server.modes[vendor.name]
            mode = HELD if now == asked_in else now
        if mode in BEFORE:
            return self.interrupt(mode)
        if not any(header in self.headers for header in self.keys) and vendor.name == "openai":
            mode = "nokey"  # the only CLI that calls without having a key
        if mode == SCRIPTED and self.server.script.is_whole_reply(vendor.wants_stream(self, body)):
            return self.server.script.send(self, model)
        if mode == "502":  # in the words of whatever stands before the API
            return self.send_bytes(502, BAD_GATEWAY, "text/html")
        if mode == "nokey" or mode[0].isdigit():
            status, body, *headers = vendor.error(mode, model)
            more = self.server.next_headers(vendor.name)
            return self.send_json(status, body, [*(headers[0] if headers else ()), *more])
        if mode == "garbage" or (mode == "garbageevents" and not vendor.wants_stream(self, body)):
            return self.send_bytes(200, NOT_AN_API, "text/html")
        answer = planned or (Answer() if mode == "empty" else vendor.answer(body))
        answer.ending = ENDINGS.get(mode, "whole")
        if mode == SCRIPTED and vendor.wants_stream(self, body):
            self.send_events(vendor, self.server.script.events(vendor, model, answer), mode)
        elif vendor.wants_stream(self, body):
            self.send_events(vendor, list(vendor.events(model, answer)), mode)
        elif mode in (*AT_HEADERS, *IN_THE_MIDDLE):
            self.interrupt(mode)
        elif mode == "errorevent":
            self.send_json(*vendor.error("529", model))
        else:
            self.send_json(200, vendor.whole(model, answer))

    def send_events(self, vendor, events, mode):
        self.begin_stream("text/event-stream", self.server.next_headers(vendor.name))
        if mode == "stumble":  # the first answer breaks, the next ones are whole
            mode = "errorevent" if self.server.first_stream(vendor.name) else "ok"
        broken = mode in IN_THE_MIDDLE or mode == "errorevent"
        cut = 0 if mode in AT_HEADERS else len(events) // 2 if broken else len(events)
        for event in events[:cut]:
            self.stream("data: {{{ no JSON\n\n" if mode == "garbageevents" else event)
            if mode == "slow":
                time.sleep(0.5)
            if mode == SCRIPTED:
                time.sleep(0.02)  # each in a piece of its own, as a model writes
        if mode in (*AT_HEADERS, *IN_THE_MIDDLE):
            return self.interrupt(mode)
        if mode == "errorevent":
            self.stream(vendor.error_event())
        self.end_stream()

    def interrupt(self, mode):
        time.sleep(0.1)  # let what was sent arrive: a reset discards it
        if mode in ("drop", "reset"):
            self.drop()
        elif mode in ("closed", "closedmid"):
            self.close_connection = True
        else:
            self.hang()


class FakeApi(LoopbackServer):
    modes_known = MODES
    parts = tuple(vendor.name for vendor in VENDORS)

    def __init__(self, **options):
        super().__init__(Handler, **options)
        self.streamed = set()
        self.script = Script({})
        self.plans = {part: Plan() for part in self.parts}
        self.headers = {part: [] for part in self.parts}
        self.usage = None

    def set_mode(self, mode, part=None, details=None):
        if mode == SCRIPTED:
            self.script = Script(details)
        if mode == STEPS:
            self.plans |= {each: Plan(details["steps"]) for each in ([part] if part else self.parts)}
        self.usage = (details or {}).get("usage", self.usage)
        self.headers |= {each: list((details or {}).get("headers", [])) for each in ([part] if part else self.parts)}
        super().set_mode(mode, part)

    def next_headers(self, vendor):
        with self.log_lock:
            left = self.headers[vendor]
            headers = left.pop(0) if len(left) > 1 else left[0] if left else {}
        return headers.items()

    def first_stream(self, vendor):
        first = vendor not in self.streamed
        self.streamed.add(vendor)
        return first


if __name__ == "__main__":
    serve(FakeApi, "Fake Anthropic, OpenAI and Gemini APIs on loopback.")
