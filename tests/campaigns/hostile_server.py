#!/usr/bin/env python3
"""Commands that ask a local server which answers with anything: floods, silence, broken HTTP, broken JSON, huge lists.

  hostile_server.py --delegate BINARY [--minutes N] [--seed N]

Beside the rules of every campaign: a call ends in its own time limit, and needs less than 300 MB of memory.
"""

import functools
import gzip
import json
import os
import random
import resource
import shutil
import socket
import sys
import threading
import time
import zlib

import campaign

TIMEOUT = 3  # of the ask, in seconds
LATE = 4  # more than that is no more its time limit, on a busy machine
MOST_MEMORY = 300 << 20

CHAT = {"model": "m", "message": {"role": "assistant", "content": campaign.ANSWER}, "done": True, "done_reason": "stop"}
COMPLETION = {"choices": [{"index": 0, "delta": {"content": campaign.ANSWER}, "finish_reason": "stop"}]}
TAGS = {"models": [{"name": "m:latest", "model": "m:latest", "size": 1}]}
MODELS = {"object": "list", "data": [{"id": "m", "object": "model"}]}


def good_body(path):
    if path.startswith("/api/chat"):
        return json.dumps(CHAT).encode() + b"\n"
    if path.startswith(("/api/tags", "/api/ps")):
        return json.dumps(TAGS).encode()
    if "completions" in path:
        return b"data: " + json.dumps(COMPLETION).encode() + b"\n\ndata: [DONE]\n\n"
    return json.dumps(MODELS).encode()


def bad_body(chance, path):
    """A body of any kind; some are endless."""
    good = good_body(path)
    deep = chance.choice([100, 10_000, 1_000_000])
    many = chance.choice([1000, 60_000, 500_000])

    def endless(piece):
        while True:
            yield piece

    def slow():
        for byte in good * 50:
            yield bytes([byte])
            time.sleep(0.05)

    def mutated():
        data = bytearray(good * chance.choice([1, 1, 20]))
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)

    return chance.choice([
        lambda: [good], lambda: [mutated()], lambda: [good[:chance.randrange(len(good))]], lambda: [b""],
        lambda: [b"[" * deep], lambda: [b'{"a":' * deep], lambda: [b'{"error":' * deep + b"1" + b"}" * deep],
        lambda: [b'{"models":[' + b",".join(b'{"name":"m%d"}' % i for i in range(many)) + b"]}"],
        lambda: [b'{"data":[' + b",".join(b'{"id":"m%d"}' % i for i in range(many)) + b"]}"],
        lambda: [b'{"error":{"message":"' + chance.choice([b"token=", b"\\u001b[2J", b"sk-", b"eyJ", b"a\\n", b"\xff"]) * many + b'"}}'],
        lambda: [b"{}\n" * many], lambda: [b"data: {}\n\n" * many], lambda: [b"data:" * many], lambda: [b"\n" * many],
        lambda: endless(b"x" * 65536), lambda: endless(b"\n" * 65536), lambda: endless(b'data: {"choices":[]}\n\n' * 2000),
        lambda: endless(b'{"message":{"content":"x"},"done":false}\n' * 1000), lambda: endless(b": ping\n\n" * 4000), slow,
        lambda: [json.dumps({"error": "retry after %d" % 10 ** 30}).encode()], lambda: [b"1e400"], lambda: [b'"\\ud800"'],
        lambda: [b"\x00" * many], lambda: [chance.randbytes(100_000)], lambda: [b'{"a":1' + b',"a":1' * many + b"}"],
    ])()


def bad_head(chance, path):
    status = chance.choice([200, 200, 200, 200, 201, 204, 206, 301, 307, 400, 401, 403, 404, 407, 429, 500, 502, 503, 529, 999])
    head = [b"HTTP/1.1 %d X" % status]
    extra = [
        b"Content-Length: 10", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Content-Length: 5\r\nContent-Length: 6",
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip", b"Content-Encoding: br",
        b"Location: /again", b"Location: http://127.0.0.1:1/", b"Location: file:///etc/passwd", b"Location: " + b"x" * 70_000,
        b"Retry-After: 1e9", b"Retry-After: -5", b"Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", b"Retry-After: " + b"9" * 5000,
        b"Content-Type: text/html", b"Content-Type: application/json; charset=utf-16", b"Connection: close", b"X: " + b"y" * 90_000,
        b"X\0: 1", b"no colon", b"\xff\xfe: \x80", b"Set-Cookie: a=b", b"WWW-Authenticate: Basic", b"X-Ratelimit-Reset: x",
    ]
    head += chance.sample(extra, chance.choice([0, 0, 1, 1, 2, 4]))
    return b"\r\n".join(head) + b"\r\n\r\n"


def chunked(chance, pieces):
    for piece in pieces:
        yield chance.choice([b"%x\r\n" % len(piece) + piece + b"\r\n"] * 6 + [b"zz\r\n", b"ffffffffffffffff\r\n", b"-1\r\n"])
    yield b"0\r\n\r\n"


@functools.cache
def bomb():
    """200 MB of zeros; never as a whole in memory, which would count as that of a child."""
    squeeze = zlib.compressobj(wbits=31)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(200)) + squeeze.flush()


def converse(connection, seed):
    chance = random.Random(seed)
    request = b""
    while b"\r\n\r\n" not in request:
        data = connection.recv(65536)
        if not data:
            return
        request += data
    path = request.split(b" ", 2)[1].decode("latin-1")
    kind = chance.choice(["good", "good", "body", "body", "body", "head", "head", "raw", "silent", "close", "informational"])
    if kind == "silent":
        time.sleep(2 * TIMEOUT)
    elif kind == "raw":
        connection.sendall(chance.choice([b"", b"\0" * 100, b"SSH-2.0-x\r\n", b"HTTP/9.9 200\r\n\r\n", b"HTTP/1.1 200 OK",
                                          b"\x15\x03\x01\x00\x02\x02\x46", chance.randbytes(3000), b"GET / HTTP/1.1\r\n\r\n",
                                          b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000]))
    elif kind == "informational":
        for _ in range(20_000):
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    elif kind != "close":
        pieces = [good_body(path)] if kind in ("good", "head") else bad_body(chance, path)
        head = bad_head(chance, path) if kind == "head" else b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
        if kind != "head":
            form = chance.choice(["plain", "plain", "plain", "chunked", "gzip"])
            if form == "gzip":
                pieces = [chance.choice([gzip.compress(good_body(path)), bomb()])]
                head += b"Content-Encoding: gzip\r\n"
            elif form == "chunked":
                pieces = chunked(chance, pieces)
                head += b"Transfer-Encoding: chunked\r\n"
            head += b"\r\n"
        connection.sendall(head)
        for piece in pieces:
            connection.sendall(piece)


class Server(threading.Thread):
    """Ends with the program. Each connection has a seed of its own, so that a run can be repeated."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.listener, self.seed = socket.create_server(("127.0.0.1", 0)), seed
        self.port = self.listener.getsockname()[1]

    def run(self):
        number = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self.serve, args=(connection, "%s/%d" % (self.seed, number)), daemon=True).start()

    @staticmethod
    def serve(connection, seed):
        with connection:
            connection.settimeout(3 * TIMEOUT)
            try:
                converse(connection, seed)
            except OSError:
                pass


COMMANDS = [["ask", "-b", "one", "--timeout", "%ds" % TIMEOUT, "hello"]] * 5 + [["ping", "one"],
                                                                              ["backends", "--check"], ["doctor"]]


def trials(options, root, chance, report):
    number = 0
    while time.monotonic() < options.until:
        number += 1
        server = Server("%d/%d" % (options.seed, number))
        server.start()
        kind = chance.choice(["ollama", "openai"])
        home = campaign.Home("%s/%d" % (root, number), options.delegate)
        model = chance.choice(['model = "m"\n', ""])
        home.config.write_text('[router]\norder = ["one"]\nlocal = "one"\n[notify]\ndesktop = false\n[backends.one]\nkind = "%s"\n'
                               'url = "http://127.0.0.1:%d"\n%s' % (kind, server.port, model))
        words = chance.choice(COMMANDS)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        ended = home.run(words, seconds=60 if words[0] == "ask" else 150)  # two minutes are the limit of a ping
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        more = []
        if words[0] == "ask" and ended.seconds > TIMEOUT + LATE:
            more.append("takes %.0f s of its %d" % (ended.seconds, TIMEOUT))
        if memory > before and memory * 1024 > MOST_MEMORY:
            more.append("needs more than 300 MB of memory")
        if ended.code == 0 and words[0] == "ask":  # any text may be an answer: it is the server that speaks
            ended = ended._replace(out=campaign.ANSWER + "\n")
        elif words[0] == "ask" and ended.out:
            more.append("half an answer on stdout")
        if home.wait_for_silence():
            more.append("leaves a process")
        home.kill_all()
        server.listener.close()
        report.add("%s=%d" % (kind, number), words, ended, more)
        shutil.rmtree(home.root)


if __name__ == "__main__":
    sys.exit(campaign.main("hostile server", trials))
