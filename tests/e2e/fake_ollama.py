#!/usr/bin/env python3
"""A fake Ollama daemon on loopback that speaks its wire format.

    GET / , /api/version, /api/tags, /api/ps      POST /api/show, /api/chat

Installed: two local models, one of them thinking, and one cloud model, which is listed like the
others but runs elsewhere (remote_host). The answer is "pong: " and the last line of the last user
prompt; "recall" is answered with the earlier ones. 11 tokens in, 7 out.

Modes: ok, slow (a second before the first token), thinking (every model thinks aloud first), silence
(accepts, never answers), stall (falls silent in the middle), noend (the stream ends without the done
line), errorline (an error line in the stream), drop (reset in the middle), 503 (queue full), 500 (the
runner died), cutshort (done_reason "length"), nomodels (nothing installed).
"""

import json
import re
import time

from fake_answers import INPUT_TOKENS, OUTPUT_TOKENS, answer_to, user_texts
from loopback_server import LoopbackHandler, LoopbackServer, pieces_of, serve

VERSION = "0.23.1"
MODES = ("ok", "slow", "thinking", "silence", "stall", "noend", "errorline", "drop", "503", "500", "cutshort",
         "nomodels")
CLOUD_HOST = "https://ollama.com:443"
FIRST_TOKEN_DELAY = 1.0
SECOND = 1_000_000_000  # Ollama counts in nanoseconds
MODIFIED = "2026-10-01T08:00:00.000000000Z"


def model(name, size, family, parameters, context, capabilities, **remote):
    return {"name": name, "size": size, "family": family, "parameters": parameters, "context": context,
            "capabilities": capabilities, "remote": remote}


INSTALLED = (
    model("llama3.2:3b", 2_019_393_189, "llama", "3.2B", 131072, ["completion", "tools"]),
    model("qwen3:8b", 5_225_388_164, "qwen3", "8.2B", 40960, ["completion", "tools", "thinking"]),
    model("gpt-oss:120b-cloud", 384, "gptoss", "116.8B", 131072, ["completion", "tools", "thinking"],
          remote_model="gpt-oss:120b", remote_host=CLOUD_HOST),
)


def canonical(name):
    """qwen3 is qwen3:latest is library/qwen3:latest, in any case."""
    name = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return name if re.search(r":[^/]*$", name) else name + ":latest"


def details(model):
    return {"parent_model": "", "format": "gguf", "family": model["family"], "families": [model["family"]],
            "parameter_size": model["parameters"], "quantization_level": "Q4_K_M"}


def listing(model):
    return {"name": model["name"], "model": model["name"], "modified_at": MODIFIED, "size": model["size"],
            "digest": (model["name"].encode().hex() * 8)[:64], "details": details(model),
            "capabilities": model["capabilities"], **model["remote"]}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime())


class Handler(LoopbackHandler):
    methods = {"/": "GET HEAD", "/api/version": "GET HEAD", "/api/tags": "GET HEAD", "/api/ps": "GET HEAD",
               "/api/show": "POST", "/api/chat": "POST"}

    def respond(self):
        path, body = self.url.path, self.json_body()
        self.mode = self.server.modes["all"]
        prompts = user_texts(body.get("messages") or [], "content")
        self.server.record({"method": self.command, "path": path, "model": body.get("model"), "mode": self.mode,
                            "prompt": prompts[-1] if prompts else None, "earlier": prompts[:-1], "body": body,
                            "host": self.headers.get("Host")})
        if path not in self.methods:
            return self.send_text(404, "404 page not found")
        if self.command not in self.methods[path].split():
            return self.send_text(405, "405 method not allowed")
        {"/": self.root, "/api/version": self.version, "/api/tags": self.tags, "/api/ps": self.loaded,
         "/api/show": self.show, "/api/chat": self.chat}[path]()

    def installed(self):
        return () if self.mode == "nomodels" else INSTALLED

    def root(self):
        self.send_text(200, "Ollama is running")

    def version(self):
        self.send_json(200, {"version": VERSION})

    def tags(self):
        self.send_json(200, {"models": [listing(model) for model in self.installed()]})

    def loaded(self):
        models = [{**listing(model), "size_vram": 0, "expires_at": now(), "context_length": 4096}
                  for model in self.installed() if model["name"] in self.server.loaded]
        self.send_json(200, {"models": models})

    def wanted_model(self):
        """The requested model, or None after an error response."""
        if not self.body:
            return self.send_json(400, {"error": "missing request body"})
        try:
            name = json.loads(self.body).get("model") or ""
        except (ValueError, AttributeError):
            return self.send_json(400, {"error": "invalid character looking for beginning of value"})
        if not name:
            return self.send_json(400, {"error": "model is required"})
        for model in self.installed():
            if model["name"] == canonical(name):
                return model
        return self.send_json(404, {"error": f"model '{name}' not found"})

    def show(self):
        if model := self.wanted_model():
            self.send_json(200, {"modelfile": "", "parameters": "temperature 0.8", "template": "{{ .Prompt }}",
                                 "details": details(model), "capabilities": model["capabilities"],
                                 "model_info": {"general.architecture": model["family"],
                                                f"{model['family']}.context_length": model["context"]},
                                 "modified_at": MODIFIED, **model["remote"]})

    def chat(self):
        if self.mode == "503":
            return self.send_json(503, {"error": "server busy, please try again.  maximum pending requests exceeded"})
        if not (model := self.wanted_model()):
            return None
        body = self.json_body()
        can_think = "thinking" in model["capabilities"] or self.mode == "thinking"
        if body.get("think") and not can_think:
            return self.send_json(400, {"error": f'"{body["model"]}" does not support thinking'})
        if self.mode == "500":
            return self.send_json(500, {"error": "llama-server process has terminated: exit status 2"})
        if self.mode == "silence":
            return self.hang()  # not even a status line, exactly as when the GPU hangs
        if self.mode == "slow":
            time.sleep(FIRST_TOKEN_DELAY)
        self.server.loaded.add(model["name"])
        if not body.get("messages"):
            return self.send_json(200, self.line(body, "", done=True, done_reason="load"))
        thinks = self.mode == "thinking" or (can_think and body.get("think", True))
        thoughts = pieces_of("The user wants a pong.") if thinks else []
        pieces = answer_to(user_texts(body["messages"], "content")).pieces()
        if body.get("stream", True):
            return self.stream_answer(body, thoughts, pieces)
        message = {"thinking": "".join(thoughts)} if thoughts else {}
        self.send_json(200, self.last_line(body, "".join(pieces), **message))

    def stream_answer(self, body, thoughts, pieces):
        lines = [self.line(body, "", thinking=thought) for thought in thoughts]
        lines += [self.line(body, piece) for piece in pieces]
        self.begin_stream("application/x-ndjson")
        cut = len(lines) // 2 or 1
        for line in lines[:cut] if self.mode in ("stall", "errorline", "drop") else lines:
            self.stream(json.dumps(line) + "\n")
        if self.mode == "stall":
            return self.hang()
        if self.mode == "drop":
            time.sleep(0.1)  # let what was sent arrive: a reset discards it
            return self.drop()
        if self.mode == "errorline":
            error = "an error was encountered while running the model: unexpected EOF"
            self.stream(json.dumps({"error": error}) + "\n")
        elif self.mode != "noend":
            self.stream(json.dumps(self.last_line(body, "")) + "\n")
        self.end_stream()

    def line(self, body, content, thinking=None, **fields):
        message = {"role": "assistant", "content": content, **({"thinking": thinking} if thinking else {})}
        return {"model": body["model"], "created_at": now(), "message": message, "done": False, **fields}

    def last_line(self, body, content, **message):
        return self.line(body, content, **message, done=True,
                         done_reason="length" if self.mode == "cutshort" else "stop",
                         total_duration=2 * SECOND, load_duration=SECOND,
                         prompt_eval_count=INPUT_TOKENS, prompt_eval_duration=SECOND // 2,
                         eval_count=OUTPUT_TOKENS, eval_duration=SECOND // 2)


class FakeOllama(LoopbackServer):
    modes_known = MODES

    def __init__(self, **options):
        super().__init__(Handler, **options)
        self.loaded = set()


if __name__ == "__main__":
    serve(FakeOllama, "Fake Ollama daemon on loopback.")
