"""Writes docs/outcomes.md from the results of outcomes.py. Times and texts are rounded so that a new run changes little."""

import re

from expected_outcomes import MODES
from real_call import SUBJECTS

STEPS = (2, 5, 10, 20, 40, 60)
LONGEST_MESSAGE = 90
INTRODUCTION = """# How failures end

<!-- Written by `scripts/test real_all`; change tests/e2e/outcomes_document.py instead. -->

This page shows what happens when something goes wrong between you, a CLI and its vendor. Each failure was tried twice:
with the CLI alone, as a script would call it (`claude -p`, `codex exec`, `gemini`; stopped after 60 s), and with the
same CLI through `delegate ask --no-fallback`. The CLIs are the real ones (Claude Code {claude}, Codex CLI {codex},
Gemini CLI {gemini}). They talk to a fake of their vendors' APIs on a network with only a loopback device, six runs at a
time on two cores. The times include the start of the CLI, which takes gemini some seconds.

- **time**: "≤ 5 s" means more than 2 s and at most 5 s.
- **last message**: what the CLI alone printed as the reason; "nothing" if it printed none.
- **counted**: the breaker counts it as a failure. Lost connections, and problems of the prompt or of this machine, are
  not counted; a server that cannot be reached is.
- **retry**: when the vendor said to try again. The breaker stays open until then.
- Claude Code, Codex CLI and Gemini CLI choose their model themselves here. Gemini CLI then first asks a smaller model
  how hard the prompt is; the last table shows it with a fixed model.
- For the cases of silence `idle_timeout` is 10 s here. With the default of 180 s they end after three minutes.
- delegate lets a CLI retry by itself once. It stops the CLI after two failures, if it would wait for more than 10 s, or
  if a retry cannot help: then within two seconds of the reply. That the network is down shows within ten seconds.

Some failures cannot be detected, because the CLI does not report them. gemini prints an answer that was cut at the
token limit or stopped for safety as if it were complete, and codex prints a refusal as an empty answer. When a stream
breaks, gemini asks again and prints the new answer right after the pieces of the first one. delegate detects this by
the pause and the repeated beginning, but not if the second attempt begins differently. What a service says in an error
inside the stream, gemini reports after its fourth attempt, or not at all, so delegate reports a lost connection. When
gemini chooses its model itself and the answer about that is empty, it repeats this request for 90 s. It says so only in
its telemetry, which delegate reads for that; with `--write`, or where you configured telemetry yourself, it cannot.
"""


def rounded(seconds):
    for step in STEPS:
        if seconds <= step:
            return f"≤ {step} s"
    return f"> {STEPS[-1]} s"


def wait(run):
    left = run.verdict.retry_in()
    if left is None:
        return ""
    if left >= 3000:
        return f"in {round(left / 3600)} h"
    return f"in {round(left) if left < 10 else 5 * round(left / 5)} s"


# Lines that are not the reason: stack traces, start-up notes, usage text. COLOUR: terminal colours.
NOISE = re.compile(r"at |[\]\[{}]|hint:|tokens used|[\d,]+$|\d{4}-\d\d-\d\dT|Ripgrep is|status: \d|[Ww]arning: |errno|code:|syscall"
                   r"|For more information|Message ID|Usage:|tip:|-\w, --|--|Update your environment|\[cause\]|user$|codex$|say hello")
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def last_message(done):
    """What a person would take for the reason: the last line that names an error, else the last line that is not noise."""
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
    return "`" + (text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE - 1] + "…") + "`"


def row(run):
    bare = run.bare
    exit_code = "none" if bare.exit_code is None else str(bare.exit_code)
    seconds = "> 60 s" if bare.exit_code is None else rounded(bare.seconds)
    hint = (run.verdict.report.get("error") or {}).get("hint", "")
    cells = [MODES[run.mode].title, exit_code, seconds, last_message(bare), f"`{run.verdict.outcome()}`",
             rounded(run.verdict.seconds), "yes" if run.verdict.counted() else "", wait(run), hint.replace("|", "/")]
    return "| " + " | ".join(cells) + " |"


def table(name, runs):
    head = ["| what happens | alone: exit | time | last message | delegate: outcome | time | counted | retry | hint |",
            "|---|---|---|---|---|---|---|---|---|"]
    return "\n".join([f"\n## {SUBJECTS[name].title()}\n", *head, *(row(runs[name, mode]) for mode in MODES)]) + "\n"


def newest(versions, others, differences):
    """What the versions that npm offered at that time did otherwise; nothing if none were tried."""
    if not others:
        return ""
    names = ", ".join(f"{cli} {other}" + (" (the same)" if other == versions[cli] else "")
                      for cli, other in others.items())
    lines = [f"- {difference}" for difference in differences] or ["All of them ended in the same outcomes."]
    return "\n".join(["\n## Newest versions\n", f"The newest published versions were tried, too: {names}.\n", *lines]) + "\n"


def document(runs, versions, others, differences):
    """`others`: the newest versions, if they were tried, and in what they differ."""
    return (INTRODUCTION.format(**versions) + "".join(table(name, runs) for name in SUBJECTS)
            + newest(versions, others, differences))
