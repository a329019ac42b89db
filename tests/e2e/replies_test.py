#!/usr/bin/env python3
"""What delegate makes of replies of the vendors' APIs that are played to the real CLIs, one line of a corpus each.

    replies_test.py --delegate PATH [--corpus FILE] [--quick] [--newest] [--jobs N] [NAME ...]

The corpus is api_replies.jsonl. Its lines: a reply as scripted.py describes it, the CLI, and what is expected:
  outcome   one or several that are right
  retry_in  seconds from now, as they come out of the reply; null: no time may be stated
  within    seconds from the first reply to delegate's end (default: 10)
  counted   whether the breaker counts it as a failure
NAME selects lines by their id or CLI. Not found out by these tests: what the services themselves would do.
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys

from real_call import (SUBJECTS, Verdict, ask_argv, install, installed, isolated, use_subscription, version,
                       write_config)
from sandbox import HERE, Unavailable, enter_loopback_only_network

SUBJECT_OF = {"claude": SUBJECTS["claude"], "codex": SUBJECTS["codex"], "gemini": SUBJECTS["flash"]}
WITHIN = 10
LATE = 90  # seconds that a stated time may be off: a limit in whole minutes, and the run itself


def play(line, clis, delegate):
    subject = SUBJECT_OF[line["cli"]]
    with isolated(clis) as (sandbox, api):
        if any(name.startswith("anthropic-ratelimit-unified") for name in line.get("headers", {})):
            use_subscription(sandbox)
        write_config(sandbox, subject, [subject.cli])
        api.mode("scripted", details=line)
        return Verdict(sandbox.run(ask_argv(delegate, subject), timeout=90), api)


def complaints(expected, verdict):
    """In what the verdict differs from what is expected; nothing: it is right."""
    outcomes, within = expected["outcome"], expected.get("within", WITHIN)
    outcomes = [outcomes] if isinstance(outcomes, str) else outcomes
    if verdict.outcome() not in outcomes:
        yield "wanted " + " or ".join(outcomes)
    if verdict.report.get("answer"):
        yield f"has an answer: {verdict.report['answer']!r}"
    retry_in = verdict.retry_in()
    if "retry_in" in expected:
        wanted = expected["retry_in"]
        if (wanted is None) != (retry_in is None) or (wanted is not None and abs(wanted - retry_in) > LATE):
            yield f"wanted a retry in {wanted} s, got {retry_in}"
    if "counted" in expected and expected["counted"] != verdict.counted():
        yield "is counted" if verdict.counted() else "is not counted"
    took = verdict.seconds_since_first_reply
    if took is None or took > within:
        yield f"wanted the end within {within} s of the first reply, got {took}"


def told(line, verdict):
    retry_in, took = verdict.retry_in(), verdict.seconds_since_first_reply or 0
    return (f"{line['cli']}/{line['id']}: {verdict.text()} after {verdict.seconds:.1f} s, {took:.1f} s after the first "
            f"of {verdict.requests} replies" + (f", retry in {retry_in:.0f} s" if retry_in is not None else ""))


def chosen(corpus, names, quick):
    lines = [json.loads(line) for line in corpus.read_text().splitlines() if line.strip()]
    return [line for line in lines if (not names or {line["id"], line["cli"]} & set(names))
            and (not quick or line.get("quick"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--delegate", type=pathlib.Path, required=True, metavar="PATH", help="the program under test")
    parser.add_argument("--corpus", type=pathlib.Path, default=HERE / "api_replies.jsonl", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="only the lines that are marked so")
    parser.add_argument("--newest", action="store_true", help="with the newest published versions, too")
    parser.add_argument("--jobs", type=int, default=6, metavar="N", help="runs at a time (default: 6)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these lines or CLIs")
    options = parser.parse_args()
    lines = chosen(options.corpus, options.names, options.quick)
    try:
        install(options.newest)
        enter_loopback_only_network()
    except Unavailable as reason:
        print(f"skipped: {reason}\n0 passed, 0 failed, {len(lines)} skipped")
        return 0
    pinned, newest, differ = installed()
    delegate = str(options.delegate.resolve())
    runs = [(line, pinned, "") for line in lines]
    runs += [(line, newest, " " + version(newest, line["cli"])) for line in lines if line["cli"] in differ]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(play, line, clis, delegate) for line, clis, _ in runs]
        for (line, _, which), future in zip(runs, futures):
            verdict = future.result()
            wrong = list(complaints(line["expect"], verdict))
            failed += bool(wrong)
            print(("FAIL  " if wrong else "ok    ") + told(line, verdict) + which, *wrong,
                  *([f"message: {verdict.message()}"] if wrong else []), sep="\n      ", flush=True)
    print(f"{len(runs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
