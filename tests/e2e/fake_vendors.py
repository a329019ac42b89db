"""The shapes of the three vendors' APIs, for fake_api.py."""

import json
import re
import time

from fake_answers import (
    Answer, INPUT_TOKENS, OUTPUT_TOKENS, USAGE_RESETS_IN, WAITS, answer_to, new_id, results_since_prompt,
    retry_after, text_of, user_texts)


class Anthropic:
    name = "anthropic"
    opening_events = 2  # before the first word
    before_directory = "Primary working directory: "  # what the CLI says before the path of its directory

    def claims(self, handler):
        return handler.url.path.startswith("/v1/messages")

    def model(self, handler, body):
        return body.get("model")

    def tools(self, body):
        """Name -> what the model is shown of it."""
        return {tool.get("name"): tool for tool in body.get("tools", [])}

    def prompts(self, body):
        return user_texts(body.get("messages", []), "content")

    def system(self, body):
        system = body.get("system") or ""
        texts = [system] if isinstance(system, str) else [block.get("text", "") for block in system]
        texts += [text_of(message.get("content")) for message in body.get("messages", [])
                  if message.get("role") == "system"]
        return "\n".join(texts)

    def side_request(self, handler, body):
        if handler.url.path.endswith("/count_tokens"):
            handler.send_json(200, {"input_tokens": INPUT_TOKENS})
            return True
        return False

    def error(self, mode, model):
        def error(status, kind, message, *headers):
            request_id = new_id("req_")
            body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}
            return status, body, [("request-id", request_id), *headers]

        rate_limit = "This request would exceed your organization's rate limit of 50,000 input tokens per minute."
        return {
            "400ctx": lambda: error(400, "invalid_request_error", "prompt is too long: 210123 tokens > 200000 maximum"),
            "401": lambda: error(401, "authentication_error", "invalid x-api-key"),
            "403": lambda: error(403, "permission_error",
                                 "Your API key does not have permission to use the specified resource."),
            "404": lambda: error(404, "not_found_error", f"model: {model}"),
            "429": lambda: error(429, "rate_limit_error", rate_limit),
            **{each: lambda each=each: error(429, "rate_limit_error", rate_limit, retry_after(each)) for each in WAITS},
            "429quota": lambda: error(400, "invalid_request_error",
                                      "Your credit balance is too low to access the Anthropic API. "
                                      "Please go to Plans & Billing to upgrade or purchase credits."),
            "429usage": lambda: error(429, "rate_limit_error",
                                      "This request would exceed your account's rate limit. Please try again later.",
                                      ("Retry-After", str(USAGE_RESETS_IN)),
                                      ("anthropic-ratelimit-unified-status", "rejected"),
                                      ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
                                      ("anthropic-ratelimit-unified-reset", str(int(time.time()) + USAGE_RESETS_IN))),
            "500": lambda: error(500, "api_error", "Internal server error"),
            "529": lambda: error(529, "overloaded_error", "Overloaded"),
        }[mode]()

    def tool_results(self, body):
        def results_of(message):
            content = message.get("content")
            blocks = content if isinstance(content, list) else []
            return [text_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"]

        return results_since_prompt(body.get("messages", []), results_of,
                                    lambda message: user_texts([message], "content"))

    def events(self, model, answer):
        """A streamed answer: what to send, in order."""
        def event(kind, **fields):
            return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

        yield event("message_start", message=self.message(model, Answer(), stop_reason=None, output_tokens=1))
        if answer.tool:
            yield event("content_block_start", index=0, content_block={**self.content(answer)[0], "input": {}})
            yield event("content_block_delta", index=0,
                        delta={"type": "input_json_delta", "partial_json": json.dumps(answer.arguments)})
        elif answer.text:
            yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
            for piece in answer.pieces():
                yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        if answer.tool or answer.text:
            yield event("content_block_stop", index=0)
        yield event("message_delta", delta={"stop_reason": self.stop_reason(answer), "stop_sequence": None},
                    usage={"output_tokens": OUTPUT_TOKENS})
        yield event("message_stop")

    def error_event(self):
        body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        return f"event: error\ndata: {json.dumps(body)}\n\n"

    def whole(self, model, answer):
        return self.message(model, answer, self.stop_reason(answer), OUTPUT_TOKENS)

    def stop_reason(self, answer):
        return "tool_use" if answer.tool else {"whole": "end_turn", "cut": "max_tokens",
                                               "refused": "refusal"}[answer.ending]

    def content(self, answer):
        if answer.tool:
            return [{"type": "tool_use", "id": new_id("toolu_"), "name": answer.tool, "input": answer.arguments}]
        return [{"type": "text", "text": answer.text}] if answer.text else []

    def message(self, model, answer, stop_reason, output_tokens):
        return {"id": new_id("msg_"), "type": "message", "role": "assistant", "model": model,
                "content": self.content(answer), "stop_reason": stop_reason, "stop_sequence": None,
                "usage": {"input_tokens": INPUT_TOKENS, "cache_creation_input_tokens": 0,
                          "cache_read_input_tokens": 0, "output_tokens": output_tokens}}

    def answer(self, body):
        return answer_to(self.prompts(body), self.tool_results(body))

    def wants_stream(self, handler, body):
        return bool(body.get("stream"))


class OpenAI:
    name = "openai"
    opening_events = 2  # before the first word
    before_directory = "<cwd>"
    usage = "/backend-api/wham/usage"  # where the CLI asks for the windows of a subscription without a call

    def claims(self, handler):
        return handler.url.path.startswith("/v1/") or handler.url.path == self.usage

    def model(self, handler, body):
        return body.get("model")

    def tools(self, body):
        """Those of an MCP server come together, as a namespace; here as NAMESPACE__TOOL."""
        tools = {}
        for tool in body.get("tools", []):
            name = tool.get("name") or tool.get("type")
            inner = {f"{name}__{each.get('name')}": each | {"namespace": tool.get("description")}
                     for each in tool.get("tools") or []}
            tools |= inner or {name: tool}
        return tools

    def prompts(self, body):
        return user_texts(body.get("input", []), "content")

    def system(self, body):
        developer = [text_of(item.get("content")) for item in body.get("input", [])
                     if isinstance(item, dict) and item.get("role") == "developer"]
        return "\n".join([body.get("instructions") or "", *developer])

    def side_request(self, handler, body):
        if handler.url.path == "/v1/responses" and handler.command == "POST":
            return False
        if handler.url.path == self.usage and handler.server.usage:
            handler.send_json(200, handler.server.usage)
        elif handler.headers.get("Upgrade", "").lower() == "websocket":
            handler.send_json(426, {"error": {"message": "WebSocket is not offered here", "code": None}})
        else:
            handler.send_json(404, {"error": {"message": "not found", "type": "invalid_request_error", "code": None}})
        return True

    def error(self, mode, model):
        def error(status, kind, code, message, *headers):
            body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
            return status, body, [("x-request-id", new_id("req_")), *headers]

        def rate_limit(seconds):
            return (f"Rate limit reached for {model} on tokens per min (TPM): Limit 30000, Used 29500, "
                    f"Requested 1000. Please try again in {seconds}s.")

        usage_limit = {"error": {"type": "usage_limit_reached", "message": "The usage limit has been reached",
                                 "plan_type": "plus", "resets_at": int(time.time()) + USAGE_RESETS_IN,
                                 "resets_in_seconds": USAGE_RESETS_IN}}
        return {
            "400ctx": lambda: error(400, "invalid_request_error", "context_length_exceeded",
                                    "Your input exceeds the context window of this model. "
                                    "Please adjust your input and try again."),
            "nokey": lambda: error(401, "invalid_request_error", None,
                                   "Missing bearer or basic authentication in header"),
            "403": lambda: error(403, "invalid_request_error", None,
                                 "You have insufficient permissions for this operation. "
                                 "Missing scopes: model.request."),
            "401": lambda: error(401, "invalid_request_error", "invalid_api_key",
                                 "Incorrect API key provided: not-a-key. You can find your API key at "
                                 "https://platform.openai.com/account/api-keys."),
            "404": lambda: error(404, "invalid_request_error", "model_not_found",
                                 f"The model `{model}` does not exist or you do not have access to it."),
            "429": lambda: error(429, "tokens", "rate_limit_exceeded", rate_limit(20)),
            **{each: lambda each=each: error(429, "tokens", "rate_limit_exceeded", rate_limit(WAITS[each]),
                                             retry_after(each)) for each in WAITS},
            "429quota": lambda: error(429, "insufficient_quota", "insufficient_quota",
                                      "You exceeded your current quota, please check your plan and billing details."),
            "429usage": lambda: (429, usage_limit, []),
            "500": lambda: error(500, "server_error", None,
                                 "The server had an error while processing your request. Sorry about that!"),
            "529": lambda: error(503, "server_error", "server_is_overloaded",
                                 "Our servers are currently overloaded. Please try again later."),
        }[mode]()

    def tool_results(self, body):
        def results_of(item):
            return [item.get("output")] if item.get("type", "").endswith("_call_output") else []

        return results_since_prompt(body.get("input", []), results_of, lambda item: user_texts([item], "content"))

    def events(self, model, answer):
        response_id, done = new_id("resp_"), self.item(answer)
        place = {"item_id": done["id"], "output_index": 0, "content_index": 0}

        def event(kind, **fields):
            return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

        yield event("response.created", response=self.response(response_id, model, "in_progress", []))
        nothing_yet = {"arguments": "", "input": "", "content": []}
        started = {key: nothing_yet.get(key, value) for key, value in done.items()} | {"status": "in_progress"}
        yield event("response.output_item.added", output_index=0, item=started)
        for piece in answer.pieces():
            yield event(f"response.{self.part(answer)}.delta", **place, delta=piece)
        yield event("response.output_item.done", output_index=0, item=done)
        status = "incomplete" if answer.ending == "cut" else "completed"
        yield event("response." + status, response=self.response(response_id, model, status, [done]))

    def error_event(self):
        failed = {"id": new_id("resp_"), "object": "response", "status": "failed", "output": [],
                  "error": {"code": "server_error", "message": "An error occurred while processing your request."}}
        event = {"type": "response.failed", "response": failed}
        return f"event: response.failed\ndata: {json.dumps(event)}\n\n"

    def whole(self, model, answer):
        return self.response(new_id("resp_"), model, "completed", [self.item(answer)])

    def part(self, answer):
        return "refusal" if answer.ending == "refused" else "output_text"

    def item(self, answer):
        if answer.tool and isinstance(answer.arguments, str):
            return {"id": new_id("ctc_"), "type": "custom_tool_call", "call_id": new_id("call_"), "status": "completed",
                    "name": answer.tool, "input": answer.arguments}
        if answer.tool:
            namespace, _, name = answer.tool.rpartition("__")
            return {"id": new_id("fc_"), "type": "function_call", "call_id": new_id("call_"), "status": "completed",
                    "name": name, **({"namespace": namespace} if namespace else {}),
                    "arguments": json.dumps(answer.arguments)}
        words = {"refusal": answer.text} if answer.ending == "refused" else {"text": answer.text, "annotations": []}
        content = [{"type": self.part(answer), **words}] if answer.text else []
        return {"id": new_id("msg_"), "type": "message", "role": "assistant", "status": "completed", "content": content}

    def response(self, response_id, model, status, output):
        usage = {"input_tokens": INPUT_TOKENS, "input_tokens_details": {"cached_tokens": 0},
                 "output_tokens": OUTPUT_TOKENS, "output_tokens_details": {"reasoning_tokens": 0},
                 "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS}
        why = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {"id": response_id, "object": "response", "status": status, "model": model, "output": output,
                "incomplete_details": why, "usage": None if status == "in_progress" else usage}

    def answer(self, body):
        return answer_to(self.prompts(body), self.tool_results(body))

    def wants_stream(self, handler, body):
        return bool(body.get("stream"))


class Gemini:
    name = "gemini"
    opening_events = 0  # before the first word
    before_directory = "**Workspace Directories:**\n  - "

    def claims(self, handler):
        return re.match(r"/v1(beta|alpha)/models/", handler.url.path)

    def model(self, handler, body):
        return handler.url.path.split("/")[-1].split(":")[0]

    def tools(self, body):
        return {function.get("name"): function for tool in body.get("tools", [])
                for function in tool.get("functionDeclarations", [])}

    def prompts(self, body):
        return user_texts(body.get("contents", []), "parts")

    def system(self, body):
        return "\n".join(part.get("text", "") for part in (body.get("systemInstruction") or {}).get("parts", []))

    def side_request(self, handler, body):
        if handler.url.path.endswith(":countTokens"):
            handler.send_json(200, {"totalTokens": INPUT_TOKENS})
            return True
        return False

    def answer(self, body):
        """The CLI's "auto" model asks first, in JSON, how hard the prompt is."""
        if body.get("generationConfig", {}).get("responseMimeType") == "application/json":
            return Answer(json.dumps({"complexity_reasoning": "A ping.", "complexity_score": 5}))
        return answer_to(self.prompts(body), self.tool_results(body))

    def error(self, mode, model):
        def error(status, code, message, *details):
            body = {"error": {"code": status, "message": message, "status": code}}
            if details:
                body["error"]["details"] = list(details)
            return status, body, []

        def detail(kind, **fields):
            return {"@type": "type.googleapis.com/google.rpc." + kind, **fields}

        def exhausted(period, *more):
            quota = {"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                     "quotaId": f"GenerateRequestsPer{period}PerProjectPerModel-FreeTier",
                     "quotaDimensions": {"location": "global", "model": model}, "quotaValue": "50"}
            return error(429, "RESOURCE_EXHAUSTED",
                         "You exceeded your current quota, please check your plan and billing details.",
                         detail("QuotaFailure", violations=[quota]), *more)

        invalid_key = "API key not valid. Please pass a valid API key."
        return {
            "400ctx": lambda: error(400, "INVALID_ARGUMENT", "The input token count (1234567) exceeds the maximum "
                                                             "number of tokens allowed (1048576)."),
            "401": lambda: error(400, "INVALID_ARGUMENT", invalid_key,
                                 detail("ErrorInfo", reason="API_KEY_INVALID", domain="googleapis.com",
                                        metadata={"service": "generativelanguage.googleapis.com"}),
                                 detail("LocalizedMessage", locale="en-US", message=invalid_key)),
            "403": lambda: error(403, "PERMISSION_DENIED", "The caller does not have permission"),
            "404": lambda: error(404, "NOT_FOUND",
                                 f"models/{model} is not found for API version v1beta, or is not supported for "
                                 "generateContent. Call ListModels to see the list of available models."),
            "429": lambda: exhausted("Minute"),
            **{each: lambda each=each: exhausted("Minute", detail("RetryInfo", retryDelay=f"{WAITS[each]}s"))
               for each in WAITS},
            "429quota": lambda: exhausted("Day"),
            "429usage": lambda: exhausted("Day", detail("RetryInfo", retryDelay=f"{USAGE_RESETS_IN}s")),
            "500": lambda: error(500, "INTERNAL", "An internal error has occurred."),
            "529": lambda: error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        }[mode]()

    def tool_results(self, body):
        def results_of(content):
            return [part["functionResponse"].get("response") for part in content.get("parts") or []
                    if "functionResponse" in part]

        return results_since_prompt(body.get("contents", []), results_of,
                                    lambda content: user_texts([content], "parts"))

    def events(self, model, answer):
        if answer.tool or not answer.text:
            chunks = [self.whole(model, answer)]
        else:
            pieces = answer.pieces()
            chunks = [self.chunk(model, [{"text": piece}]) for piece in pieces[:-1]]
            chunks.append(self.chunk(model, [{"text": pieces[-1]}], finishReason=self.finish_reason(answer)))
        for chunk in chunks:
            yield f"data: {json.dumps(chunk)}\r\n\r\n"

    def error_event(self):
        body = {"error": {"code": 503, "message": "The model is overloaded. Please try again later.",
                          "status": "UNAVAILABLE"}}
        return f"data: {json.dumps(body)}\r\n\r\n"

    def finish_reason(self, answer):
        return {"whole": "STOP", "cut": "MAX_TOKENS", "refused": "SAFETY"}[answer.ending]

    def whole(self, model, answer):
        parts = [{"text": answer.text}] if answer.text else []
        if answer.tool:
            parts = [{"functionCall": {"name": answer.tool, "args": answer.arguments}}]
        return self.chunk(model, parts, finishReason=self.finish_reason(answer))

    def chunk(self, model, parts, **finish):
        return {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **finish}],
                "modelVersion": model, "responseId": new_id(""),
                "usageMetadata": {"promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": OUTPUT_TOKENS,
                                  "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS}}

    def wants_stream(self, handler, body):
        return handler.url.path.endswith(":streamGenerateContent")


VENDORS = (Anthropic(), Gemini(), OpenAI())
