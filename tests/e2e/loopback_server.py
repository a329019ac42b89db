"""What the fake servers share: a loopback HTTP server with a mode, a log and a control endpoint.

Mode     what the server does to the next request, by name ("ok", "401", "hang", ...). One mode for
         the whole server, or one per part.
Log      one JSON object per request, appended to a file, written before the reply is sent.
Control  POST /control?mode=NAME[&part=PART] changes the mode of a running server, with details of the mode as JSON,
         GET /control shows it. Control requests are not logged.

A server prints "port N" as its first line once it accepts connections. It serves until it is killed,
or, with --until-eof, until its stdin ends.
"""

import argparse
import http.server
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

HANG_SECONDS = 3600  # longer than any test, but a forgotten server still ends


def pieces_of(text):
    """The text cut into words, each keeping the space before it, as models stream it."""
    words = text.split(" ")
    return words[:1] + [" " + word for word in words[1:]]


class LoopbackServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    modes_known = ()
    parts = ("all",)

    def __init__(self, handler, port=0, mode="ok", log=None):
        super().__init__(("127.0.0.1", port), handler)
        self.modes = dict.fromkeys(self.parts, mode)
        self.log_path = log
        self.log_lock = threading.Lock()

    def set_mode(self, mode, part=None, details=None):
        if mode not in self.modes_known:
            raise ValueError(f"unknown mode {mode}; one of: {' '.join(self.modes_known)}")
        if part is not None and part not in self.parts:
            raise ValueError(f"unknown part {part}; one of: {' '.join(self.parts)}")
        for each in [part] if part else self.parts:
            self.modes[each] = mode

    def record(self, entry):
        if not self.log_path:
            return
        line = json.dumps({"time": round(time.time(), 3), **entry}) + "\n"
        with self.log_lock, open(self.log_path, "a", encoding="utf-8") as file:
            file.write(line)

    def handle_error(self, request, client_address):
        """A client that goes away is normal here; anything else is a defect worth a trace."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class LoopbackHandler(http.server.BaseHTTPRequestHandler):
    """Reply helpers. A subclass answers in respond(), with the body already read into self.body."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass  # the JSON log is the log

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else self.read_chunked_body()
        self.url = urllib.parse.urlsplit(self.path)
        if self.url.path == "/control":
            self.control()
        else:
            self.respond()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def read_chunked_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return b""
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def json_body(self):
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def control(self):
        query = dict(urllib.parse.parse_qsl(self.url.query))
        try:
            if self.command == "POST":
                self.server.set_mode(query.get("mode", ""), query.get("part"), self.json_body())
        except ValueError as error:
            return self.send_json(400, {"error": str(error)})
        self.send_json(200, self.server.modes)

    def send_text(self, status, text, headers=()):
        self.send_bytes(status, text.encode(), "text/plain; charset=utf-8", headers)

    def send_json(self, status, value, headers=()):
        self.send_bytes(status, json.dumps(value).encode(), "application/json; charset=utf-8", headers)

    def send_bytes(self, status, data, content_type, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def begin_stream(self, content_type, headers=()):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def stream(self, text):
        data = text.encode()
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end_stream(self):
        self.wfile.write(b"0\r\n\r\n")

    def hang(self):
        """Say nothing more, until the client goes away (or HANG_SECONDS pass)."""
        self.connection.settimeout(HANG_SECONDS)
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True

    def drop(self):
        """Reset the connection, as a crashed server or a cut network does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True


def end_with_stdin():
    while sys.stdin.buffer.raw.read(1024):
        pass
    os._exit(0)


def serve(server_class, description):
    parser = argparse.ArgumentParser(description=description, epilog="Modes: " + " ".join(server_class.modes_known))
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--mode", default="ok", choices=server_class.modes_known, metavar="MODE")
    parser.add_argument("--log", metavar="FILE", help="append one JSON object per request")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin does, that is, with the parent")
    options = vars(parser.parse_args())
    until_eof = options.pop("until_eof")
    server = server_class(**options)
    if until_eof:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    print(f"port {server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(130)
