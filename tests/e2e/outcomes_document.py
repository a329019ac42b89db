"""docs/outcomes.md, from what outcomes.py measured. Times and texts are rounded, so that a new run changes little."""

import datetime
import re

from expected_outcomes import CLIS, MODES

STEPS = (2, 5, 10, 20, 40, 60)
LONGEST_WORDS = 90
INTRODUCTION = """# How failures end

<!-- Written by `scripts/test --real-all`; change tests/e2e/outcomes_document.py instead. -->

What happens when something goes wrong between you, a CLI and its vendor: the CLI alone, as a script would call it (`claude
-p`, `codex exec`, `gemini`; stopped after 60 s), and the same CLI through `delegate ask --no-fallback`. Measured with the
real CLIs (Claude Code {claude}, Codex CLI {codex}, Gemini CLI {gemini}) against a stand-in for their vendors' APIs, in a
network of loopback only, six runs at a time on two cores. A run also starts the CLI, which takes gemini some seconds.

- **Time**: "≤ 5 s" is more than 2 s and at most 5 s.
- **Counted**: the breaker counts it as a failure. What is not is the network's, the prompt's or the machine's fault.
- **Retry**: how long the vendor asked to be left alone. The breaker stays open until then.
- For the silent modes `idle_timeout` is 10 s here instead of 180 s; with the built-in value they end after three minutes.
- A CLI's own retries go on once. What has failed twice, would wait for more than 10 s or cannot heal is ended.

Some things no outcome can tell, because the CLI does not: gemini hands out an answer that was cut at the token limit or
stopped for safety as if it were whole, and codex a refusal as an empty answer. When a stream breaks, gemini asks again and
writes the new answer behind the pieces of the first; delegate sees it by the pause and the same beginning, not when the
second try begins in other words.
"""


def rounded(seconds):
    for step in STEPS:
        if seconds <= step:
            return f"≤ {step} s"
    return f"> {STEPS[-1]} s"


def wait(run):
    if "retry_at" not in run.attempt:
        return ""
    at = datetime.datetime.fromisoformat(run.attempt["retry_at"].replace("Z", "+00:00")).timestamp()
    left = at - run.ended_at
    if left >= 3000:
        return f"in {round(left / 3600)} h"
    return f"in {round(left) if left < 10 else 5 * round(left / 5)} s"


# Stack traces, notes of the start, what follows a reason, and the colours of a terminal.
NOISE = re.compile(r"at |[\]\[{}]|hint:|tokens used|[\d,]+$|\d{4}-\d\d-\d\dT|Ripgrep is|status: \d|[Ww]arning: |errno|code:|syscall"
                   r"|For more information|Message ID|Usage:|tip:|-\w, --|--|Update your environment|\[cause\]|user$|codex$|say hello")
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def last_words(done):
    """What a person would take for the reason: of its last words those that name an error, else the last that count."""
    outputs = (done.stdout,) if done.exit_code == 0 else (done.stderr, done.stdout)
    for output in outputs:
        lines = [COLOUR.sub("", line).strip() for line in output.splitlines()]
        lines = [line for line in lines if line and not NOISE.match(line)]
        reasons = [line for line in lines if re.match(r"(?i)(\w+ )?error\b|unknown|attempt \d+ failed", line)]
        if lines:
            return code((reasons or lines)[-1])
    return "nothing"


def code(text):
    text = re.sub(r"\b(Attempt|Reconnecting\.\.\.) \d+", r"\1 N", text)
    text = re.sub(r"Full report available at: \S+ ", "", text)
    text = " ".join(text.split()).replace("`", "'").replace("|", "/")
    return "`" + (text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS - 1] + "…") + "`"


def row(run):
    bare = run.bare
    exit_code = "none" if bare.exit_code is None else str(bare.exit_code)
    seconds = "> 60 s" if bare.exit_code is None else rounded(bare.seconds)
    hint = (run.answer.get("error") or {}).get("hint", "")
    cells = [MODES[run.mode].title, exit_code, seconds, last_words(bare), f"`{run.attempt['outcome']}`",
             rounded(run.done.seconds), "yes" if run.counted() else "", wait(run), hint.replace("|", "/")]
    return "| " + " | ".join(cells) + " |"


def table(cli, runs):
    head = ["| mode | alone: exit | time | its last words | delegate: outcome | time | counted | retry | hint |",
            "|---|---|---|---|---|---|---|---|---|"]
    return "\n".join([f"\n## {cli}\n", *head, *(row(runs[cli, mode]) for mode in MODES)]) + "\n"


def document(runs, versions):
    return INTRODUCTION.format(**versions) + "".join(table(cli, runs) for cli in CLIS)
