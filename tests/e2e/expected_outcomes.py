"""Every failure of the network, the machine or the user that is tried with a CLI, and the outcome that delegate must report."""

from typing import NamedTuple

from real_call import SUBJECTS


class Mode(NamedTuple):
    title: str
    most: int  # seconds through delegate, on a busy machine
    verdicts: dict


# MODE: TITLE | at most N seconds | claude | codex | gemini | flash (gemini with a model of its own)
# Verdicts: the outcome; "!": the breaker counts it as a failure; "@": it states a time to retry; "?": it may state one.
# "/": one or the other, by chance.
TABLE = """
ok            : answers                                | 15 | answered            | answered            | answered            | answered
slow          : slow, but still sending                | 25 | answered            | answered            | answered            | answered
401           : key rejected (401)                     | 15 | unauthenticated!    | unauthenticated!    | unauthenticated!    | unauthenticated!
403           : no permission (403)                    | 15 | unauthenticated!    | unauthenticated!    | unauthenticated!    | unauthenticated!
login         : login missing                          | 15 | unauthenticated!    | unauthenticated!    | unauthenticated!    | unauthenticated!
404           : unknown model (404)                    | 15 | model_rejected      | model_rejected      | model_rejected      | model_rejected
400ctx        : prompt too long (400)                  | 15 | context_too_long    | context_too_long    | context_too_long    | context_too_long
429quota      : credit or quota used up                | 15 | quota_exhausted!    | quota_exhausted!    | quota_exhausted!    | quota_exhausted!
429usage      : … with a stated end                    | 15 | quota_exhausted!@   | quota_exhausted!@   | quota_exhausted!    | quota_exhausted!
429           : rate limit (429)                       | 15 | rate_limited!       | rate_limited!       | rate_limited!@      | rate_limited!@
429short      : … with Retry-After: 2                  | 20 | rate_limited!       | rate_limited!       | rate_limited!@      | rate_limited!@
429retry      : … with Retry-After: 20                 | 15 | rate_limited!@      | rate_limited!       | rate_limited!@      | rate_limited!@
429long       : … with Retry-After: 3600               | 15 | rate_limited!       | rate_limited!       | rate_limited!@      | rate_limited!@
500           : server error (500)                     | 20 | server_error!       | overloaded!         | server_error!       | server_error!
502           : bad gateway (502), HTML                | 20 | server_error!       | server_error!       | server_error!       | server_error!
529           : overloaded (529, elsewhere 503)        | 20 | overloaded!         | overloaded!         | overloaded!         | overloaded!
errorevent    : error event inside the stream          | 20 | overloaded!         | server_error!       | overloaded!         | dropped
stumble       : … once, then a complete answer         | 20 | answered            | answered            | dropped             | dropped
refuse        : connection refused                     | 10 | unreachable!        | unreachable!        | unreachable!        | unreachable!
offline       : no network: the name is not resolved   | 10 | unreachable!        | unreachable!        | unreachable!        | unreachable!
closed        : closed before the answer               | 20 | dropped             | dropped             | unreachable!        | unreachable!
reset         : TCP reset before the answer            | 20 | dropped             | dropped             | unreachable!        | unreachable!
closedmid     : closed during the answer               | 20 | dropped             | dropped             | unreachable!        | dropped
drop          : TCP reset during the answer            | 20 | dropped             | dropped             | unreachable!        | dropped
garbage       : a web page instead of an answer        | 25 | bad_output!         | bad_output!         | bad_output!         | bad_output!
garbageevents : events that are not JSON               | 20 | bad_output!         | bad_output!         | bad_output!         | bad_output!
empty         : empty answer                           | 35 | answered_empty      | answered_empty      | bad_output!         | lost_result!
maxtokens     : cut at the token limit                 | 15 | cut_short           | cut_short           | answered            | answered
refusal       : the model refuses                      | 15 | refused_by_policy   | answered_empty      | answered            | answered
hang          : no answer at all                       | 25 | idle_timed_out!     | idle_timed_out!     | idle_timed_out!     | idle_timed_out!
headers       : headers, then silence                  | 25 | idle_timed_out!     | idle_timed_out!     | idle_timed_out!     | idle_timed_out!
hangmid       : silence during the answer              | 25 | idle_timed_out!     | idle_timed_out!     | idle_timed_out!     | idle_timed_out!
readonly      : HOME is read-only                      | 15 | answered            | resources           | resources           | resources
untrusted     : folder not trusted                     | 15 | answered            | answered            | answered            | answered
flag          : unknown option                         | 15 | spawn_failed        | spawn_failed        | spawn_failed        | spawn_failed
session       : unknown session                        | 15 | bad_request         | bad_request         | bad_request         | bad_request
"""


def parsed(line):
    name, rest = line.split(":", 1)
    title, most, *verdicts = (cell.strip() for cell in rest.rsplit("|", 1 + len(SUBJECTS)))
    return name.strip(), Mode(title, int(most), dict(zip(SUBJECTS, verdicts)))


MODES = dict(map(parsed, TABLE.strip().splitlines()))
# Modes that do not need the fake API.
LOCAL = {"login", "refuse", "offline", "readonly", "untrusted", "flag", "session"}
# What no retry can better in time ends so soon after the first reply, on a busy machine.
CUT = {"401", "403", "404", "400ctx", "429quota", "429usage", "429retry", "429long", "maxtokens"}
CUT_WITHIN = 2
# A CLI may take so much longer to start beside builds and other tests; its retries, which are cut, take minutes.
SLOW_START = 15
# Fast modes that fail first when a CLI changes its messages. replies_test.py --quick has the limits with a stated end.
QUICK = ("401", "403", "404", "429retry", "529", "errorevent", "stumble", "refuse",
         "closedmid", "garbage", "maxtokens", "refusal", "flag")
QUICK_SUBJECTS = ("claude", "codex", "flash")
