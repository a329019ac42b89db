"""What the fakes of the vendors' APIs share: their modes, and the answer to a prompt."""

import json
import re
import uuid

from loopback_server import pieces_of

INPUT_TOKENS, OUTPUT_TOKENS = 11, 7
ENDINGS = {"maxtokens": "cut", "refusal": "refused"}
# The connection: silent or cut before the headers, right after them, or in the middle of the answer. Cut by a reset
# ("reset", "drop") or by an orderly end ("closed", "closedmid").
BEFORE, AT_HEADERS, IN_THE_MIDDLE = ("hang", "closed", "reset"), ("headers",), ("hangmid", "closedmid", "drop")
HELD = "held"  # the answer waits until the mode is another one
SCRIPTED = "scripted"
STEPS = "steps"
PORTAL = "/portal"  # where a network's sign-in page is
MODES = ("ok", HELD, SCRIPTED, STEPS, "slow", "empty", *ENDINGS, *BEFORE, *AT_HEADERS, *IN_THE_MIDDLE, "garbage", "garbageevents", "errorevent", "stumble",
         "400ctx", "401", "403", "404", "429", "429short", "429retry", "429long", "429quota", "429usage",
         "500", "502", "529")
WAITS = {"429short": 2, "429retry": 20, "429long": 3600}
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
NOT_AN_API = b"<!doctype html><html><body><h1>Welcome</h1>Please accept our terms of use.</body></html>"
USAGE_RESETS_IN = 3 * 3600


def new_id(prefix):
    return prefix + uuid.uuid4().hex[:24]


def retry_after(mode):
    return "Retry-After", str(WAITS[mode])


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


# The CLIs add context of their own to the user's messages, as text that begins with one of these.
CONTEXT = ("<system-reminder>", "<environment_context>", "<session_context>", "<recommended_plugins>",
           "<user_instructions>", "<permissions instructions>", "# AGENTS.md")


def text_of(content):
    """The user's own text in a message."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part.get("text") or "" for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if text.strip() and not text.lstrip().startswith(CONTEXT))


def user_texts(messages, content_key):
    texts = [text_of(message.get(content_key)) for message in messages
             if isinstance(message, dict) and message.get("role") == "user"]
    return [text for text in texts if text]


class Answer:
    """What the model says: text, or a call of a tool, with text for arguments where the tool takes no JSON.

    `ending`: whole, cut at the token limit, or refused."""

    def __init__(self, text="", tool=None, arguments=None, ending="whole"):
        self.text, self.tool, self.arguments, self.ending = text, tool, arguments, ending

    def pieces(self):
        return pieces_of(self.text) if self.text else []


def calls_in(asked):
    """The tools that a prompt wants called, in order, each with its arguments as text."""
    calls = [re.fullmatch(r"call (\w+) (\{.*\})", step) for step in asked.split(" then ")]
    return [call.groups() for call in calls] if all(calls) else []


def next_call(calls, results):
    """None when the model has called all."""
    offsets = re.findall(r"offset\W{1,4}(\d+)", results[-1]) if results else []
    is_to_be_repeated = calls and "OFFSET" in calls[-1][1] and offsets
    if len(results) >= len(calls) and not is_to_be_repeated:
        return None
    tool, arguments = calls[min(len(results), len(calls) - 1)]
    runs = re.findall(r"\brun\W{1,4}([0-9a-z]{16})\b", " ".join(results))
    arguments = arguments.replace("RUN", ["no run", *runs][-1]).replace("OFFSET", ["0", *offsets][-1])
    return Answer(tool=tool, arguments=json.loads(arguments))


def answer_to(prompts, tool_results=()):
    """What the model says next. `tool_results`: of the calls that it has made since the last prompt."""
    asked = last_line(prompts[-1]) if prompts else ""
    calls = calls_in(asked)
    if call := next_call(calls, [str(result) for result in tool_results]):
        return call
    if tool_results:
        return Answer("tool said: " + " ".join(str(tool_results[-1]).split()))
    if asked == "recall":
        return Answer("recalled: " + "; ".join(last_line(prompt) for prompt in prompts[:-1]))
    return Answer("pong: " + asked)


def results_since_prompt(messages, results_of, is_prompt):
    """What the tools said that were called since the user spoke last."""
    results = []
    for message in messages:
        found = results_of(message)
        if is_prompt(message) and not found:
            results = []
        results += found
    return results
