#!/usr/bin/env python3
"""Streamable HTTP on loopback in front of an MCP server on stdio, so that what tests by URL can test it.

    bridge.py [--port PORT] -- SERVER [ARGUMENT ...]

Messages pass as they are. What is HTTP's own is done here: sessions (each has a server process of its own, all
requests without a session share one), event streams, status codes, and the checks of Host, Origin and the
protocol's headers.
"""

import argparse
import http.server
import json
import queue
import secrets
import select
import socket
import subprocess
import sys
import threading
import urllib.parse

MODERN = "2026-07-28"
META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
HEADER_MISMATCH, METHOD_NOT_FOUND = -32020, -32601
BAD_REQUESTS = {-32700, -32600, -32602, -32020, -32021, -32022}
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
PATIENCE = 30


class Stream:
    """The messages that belong to one request, or to a GET; None ends it."""

    def __init__(self, request=None):
        self.messages = queue.Queue()
        self.id = (request or {}).get("id")
        meta = ((request or {}).get("params") or {}).get("_meta") or {}
        self.progress_token = meta.get("progressToken")
        self.listens = (request or {}).get("method") == "subscriptions/listen"


class Server:
    """One process and the requests that wait for its output."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lock = threading.Lock()
        self.streams = []
        threading.Thread(target=self.read, daemon=True).start()

    def write(self, message):
        with self.lock:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def open(self, request=None):
        stream = Stream(request)
        with self.lock:
            self.streams.append(stream)
        return stream

    def close_stream(self, stream):
        with self.lock:
            if stream in self.streams:
                self.streams.remove(stream)

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            with self.lock:
                stream = self.owner(message)
            if stream:
                stream.messages.put(message)
        with self.lock:
            for stream in self.streams:
                stream.messages.put(None)

    def owner(self, message):
        params = message.get("params") or {}
        if "method" not in message:
            return next((one for one in self.streams if one.id == message.get("id")), None)
        subscription = (params.get("_meta") or {}).get(META_SUBSCRIPTION)
        if subscription is not None:
            return next((one for one in self.streams if one.id == subscription), None)
        if message["method"] == "notifications/progress":
            return next((one for one in self.streams if one.progress_token == params.get("progressToken")), None)
        # A message without a request goes to the newest one, or to the stream of a GET.
        requests = [one for one in self.streams if one.id is not None and not one.listens]
        others = [one for one in self.streams if one.id is None]
        return (requests or others or [None])[-1]

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Bridge(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, command, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.command = command
        self.sessions = {}
        self.sessionless = None
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """A client that goes away is normal here; anything else is a defect worth a trace."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/mcp"

    def server_without_session(self):
        with self.lock:
            if self.sessionless is None or self.sessionless.process.poll() is not None:
                self.sessionless = Server(self.command)
            return self.sessionless

    def begin_session(self):
        name = secrets.token_hex(16)
        with self.lock:
            self.sessions[name] = Server(self.command)
        return name

    def end(self):
        self.shutdown()
        with self.lock:
            servers = [*self.sessions.values(), *([self.sessionless] if self.sessionless else [])]
        for server in servers:
            server.end()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=None, **headers):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if body is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, status, code, why, request=None):
        error = {"jsonrpc": "2.0", "error": {"code": code, "message": why}}
        if isinstance(request, dict) and request.get("id") is not None:
            error["id"] = request["id"]
        self.reply(status, error)

    def is_from_here(self):
        """Against DNS rebinding: a foreign page whose name resolves to this machine."""
        host = urllib.parse.urlsplit("//" + self.headers.get("Host", "")).hostname
        origin = self.headers.get("Origin")
        return host in LOCAL_NAMES and (origin is None or urllib.parse.urlsplit(origin).hostname in LOCAL_NAMES)

    def session(self):
        return self.server.sessions.get(self.headers.get("Mcp-Session-Id"))

    def do_GET(self):
        if not self.is_from_here():
            return self.reply(403)
        server = self.session()
        if server is None:
            return self.reply(404 if "Mcp-Session-Id" in self.headers else 405)
        self.stream(server, server.open())

    def do_DELETE(self):
        name = self.headers.get("Mcp-Session-Id")
        with self.server.lock:
            server = self.server.sessions.pop(name, None)
        if server is None:
            return self.reply(404)
        server.end()
        self.reply(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_from_here():
            return self.reply(403)
        try:
            message = json.loads(body)
        except ValueError:
            return self.refuse(400, -32700, "not JSON")
        modern = self.headers.get("MCP-Protocol-Version") == MODERN or META_VERSION in self.meta(message)
        if modern:
            return self.post_modern(message)
        self.post_in_session(message)

    @staticmethod
    def meta(message):
        params = message.get("params") if isinstance(message, dict) else None
        meta = params.get("_meta") if isinstance(params, dict) else None
        return meta if isinstance(meta, dict) else {}

    def post_modern(self, message):
        said = self.meta(message).get(META_VERSION)
        params = message.get("params") or {}
        headers = [("MCP-Protocol-Version", said), ("Mcp-Method", message.get("method")),
                   ("Mcp-Name", params.get("name", params.get("uri", params.get("taskId"))))]
        for name, value in headers:
            if value is not None and name in self.headers and self.headers[name] != value:
                return self.refuse(400, HEADER_MISMATCH, f"{name} is not what the message says", message)
        self.exchange(self.server.server_without_session(), message, modern=True)

    def post_in_session(self, message):
        if isinstance(message, dict) and message.get("method") == "initialize":
            name = self.server.begin_session()
            return self.exchange(self.server.sessions[name], message, Mcp_Session_Id=name)
        server = self.session()
        if server is None:
            named = "Mcp-Session-Id" in self.headers
            return self.refuse(404 if named else 400, -32600, "no such session" if named else "no session", message)
        self.exchange(server, message)

    def exchange(self, server, message, modern=False, **headers):
        if "method" not in message or "id" not in message:
            server.write(message)
            return self.reply(202)
        stream = server.open(message)
        server.write(message)
        try:
            first = stream.messages.get(timeout=PATIENCE)
        except queue.Empty:
            first = None
        if first is None:
            server.close_stream(stream)
            return self.refuse(500, -32603, "the server did not answer", message)
        if "method" not in first:
            server.close_stream(stream)
            return self.reply(self.status(first, modern), first, **headers)
        self.stream(server, stream, first, **headers)

    @staticmethod
    def status(answer, modern):
        code = answer.get("error", {}).get("code")
        if not modern or code is None:
            return 200
        return 404 if code == METHOD_NOT_FOUND else 400 if code in BAD_REQUESTS else 200

    def stream(self, server, stream, first=None, **headers):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.close_connection = True
        ended = False
        try:
            ended = self.pass_on(stream, first)
        except OSError:
            pass
        server.close_stream(stream)
        if not ended and stream.id is not None:
            try:
                server.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": stream.id}})
            except (OSError, ValueError):
                pass  # that server has ended too

    def pass_on(self, stream, first):
        """True when the answer was passed on, or no process is left to give one."""
        message = first
        while True:
            if message is None:
                try:
                    message = stream.messages.get(timeout=0.1)
                except queue.Empty:
                    if self.has_hung_up():
                        return False
                    continue
                if message is None:
                    return True
            self.wfile.write(b"data: " + json.dumps(message).encode() + b"\n\n")
            self.wfile.flush()
            if "method" not in message:
                return True
            message = None

    def has_hung_up(self):
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    bridge = Bridge(options.command, options.port)
    print(bridge.url, flush=True)
    try:
        bridge.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
