"""A loopback server that speaks the chat completions protocol, and misbehaves when told to."""

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer:
    """`answers` says what to do with the next requests, `otherwise` with all after them.

    Each is called as answer(handler, asked), where `asked` is the question as it was read.
    """

    def __init__(self):
        self.answers = []
        self.otherwise = says()
        self.requests = []  # bodies, as they came
        self.forms = {"json_schema", "json_object", None}  # that it knows
        self.usage = {"prompt_tokens": 100, "completion_tokens": 20}
        self.streams = True
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                # The client gives up on some replies, as it should.
                with suppress(BrokenPipeError, ConnectionResetError):
                    if body.get("response_format", {}).get("type") not in server.forms:
                        send(self, b'{"error": {"message": "response_format"}}', 400)
                        return
                    answer = server.answers.pop(0) if server.answers else server.otherwise
                    self.model = server
                    answer(self, json.loads(body["messages"][1]["content"]))

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    @property
    def questions(self):
        return [json.loads(each["messages"][1]["content"]) for each in self.requests]

    @property
    def names_asked(self):
        return [record["name"] for each in self.questions for record in each["records"]]


# --- Answers --------------------------------------------------------------------------------------


def said(asked, candidate=0, confidence=0.95, reason="trade_name", **extra):
    """One answer for each record asked, all alike."""
    return [
        {"id": record["id"], "candidate": candidate, "confidence": confidence, "reason": reason}
        | extra
        for record in asked["records"]
    ]


def says(candidate=0, confidence=0.95, reason="trade_name", **extra):
    return entries(lambda asked: said(asked, candidate, confidence, reason, **extra))


def entries(made):
    """What `made` makes of the question, as the answer's entries."""
    return text(lambda asked: json.dumps({"answers": made(asked)}))


def text(written, *, finish="stop"):
    """Words of the model: a string, or what a function makes of the question."""

    def answer(handler, asked):
        words = written(asked) if callable(written) else written
        if handler.model.streams:
            stream(handler, words, finish, usage=handler.model.usage)
        else:
            choice = {"message": {"role": "assistant", "content": words}, "finish_reason": finish}
            send(handler, json.dumps({"choices": [choice], **_usage(handler)}).encode())

    return answer


def status(code, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, asked: send(
        handler, b'{"error": {"message": "your key secret-key"}}', code, **headers
    )


def stall(seconds=2.0):
    return lambda handler, asked: time.sleep(seconds)


def drip(handler, asked):
    """A space now and then, for as long as somebody reads."""
    begin(handler)
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def flood(handler, asked):
    send(handler, b" " * 2_000_000)


def not_json(handler, asked):
    send(handler, b"<html>busy</html>")


def elsewhere(handler, asked):
    send(handler, b"", 307, Location="http://127.0.0.1:9/v1/chat/completions")


def cut_after(count, then=lambda: None):
    """`count` whole entries and half of the next one; then the connection is closed."""

    def answer(handler, asked):
        whole = said(asked)
        words = '{"answers": [' + "".join(json.dumps(each) + ", " for each in whole[:count])
        begin(handler)
        event(handler, {"choices": [{"delta": {"content": words}}]})
        event(handler, {"choices": [{"delta": {"content": json.dumps(whole[-1])[:30]}}]})
        then()
        handler.close_connection = True
        handler.connection.shutdown(2)

    return answer


def stall_after(count, seconds=2.0):
    return cut_after(count, then=lambda: time.sleep(seconds))


# --- The wire -------------------------------------------------------------------------------------


def send(handler, body, code=200, **headers):
    handler.send_response(code)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def begin(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    # More is announced than comes, so that a cut one is known for it.
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()


def event(handler, data):
    handler.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
    handler.wfile.flush()


def stream(handler, words, finish, usage):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
    handler.end_headers()  # the end of the connection is the end of the body
    for start in range(0, len(words), 40):
        event(handler, {"choices": [{"delta": {"content": words[start : start + 40]}}]})
    event(handler, {"choices": [{"delta": {}, "finish_reason": finish}]})
    if usage:
        event(handler, {"choices": [], "usage": usage})
    handler.wfile.write(b"data: [DONE]\n\n")


def _usage(handler):
    return {"usage": handler.model.usage} if handler.model.usage else {}
