"""Speaks the chat completions protocol with any endpoint that does, and reads no more than it must.

The reply is streamed, so that what a slow model has said before time is up is not lost; an
endpoint that answers in one piece is read as well.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx2  # what openai speaks HTTP with; it lets its errors through while a body is read
import openai
from openai import OpenAI

from mapping.matching.questions import Unusable, load

LONGEST_REPLY: Final = 256 * 1024  # bytes we are willing to read
MANY_TOKENS: Final = 10_000_000
BROKE_OFF: Final = "the reply broke off"
MILLION: Final = Decimal(1_000_000)
# How the form of the answer is asked for: an endpoint that refuses one is asked in the next.
FORMS: Final = ("json_schema", "json_object", "plain")
REFUSED_FORM: Final = frozenset({400, 422})


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call takes, or is expected to take."""

    read: int = 0
    written: int = 0

    @property
    def total(self) -> int:
        return self.read + self.written


@dataclass(slots=True)
class Reply:
    """What has arrived, be it only a part."""

    text: str = ""
    tokens: Tokens | None = None  # as the endpoint says, where it does in sense
    is_cut: bool = False  # it was as long as an answer may be
    has_ended: bool = False
    _data: bytes = field(default=b"", repr=False)

    def take(self, piece: bytes) -> None:
        """Add what came of a stream of events; the lines that are whole are read at once."""
        *lines, self._data = (self._data + piece).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"data" and value.strip() == b"[DONE]":
                self.has_ended = True
            elif name == b"data":
                self._event(load(value))

    def take_whole(self, body: bytes) -> None:
        reply = load(body)
        text, finish = _said(reply, "message")
        if text is None:
            raise Unusable("the reply has no text")
        self.text, self.tokens, self.is_cut = text, _tokens(reply), finish == "length"

    def _event(self, event: Any) -> None:
        text, finish = _said(event, "delta")
        self.text += text or ""
        self.tokens = _tokens(event) or self.tokens
        self.has_ended = self.has_ended or finish is not None
        self.is_cut = self.is_cut or finish == "length"


class Endpoint:
    """Where the model answers."""

    def __init__(self, model: str, base_url: str, api_key: str) -> None:
        self.model = model
        self.form = 0  # an index into FORMS
        self.form_is_known = False
        self._client = OpenAI(
            api_key=api_key or "none",
            base_url=base_url or None,
            max_retries=0,
            # What is packed could unpack to any size.
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultHttpxClient(trust_env=False, follow_redirects=False),
        )

    def refuses_the_form(self, failure: Exception) -> bool:
        """Whether to ask once more in a simpler form, which is then taken."""
        if self.form_is_known or self.form + 1 == len(FORMS):
            return False
        if not isinstance(failure, openai.APIStatusError):
            return False
        if failure.status_code not in REFUSED_FORM:
            return False
        self.form += 1
        return True

    def ask(
        self,
        instructions: str,
        prompt: str,
        schema: dict[str, Any],
        reply: Reply,
        *,
        answer_tokens: int,
        seconds: float,
    ) -> None:
        """Fill `reply`; what is in it when this raises had arrived by then.

        Takes twice `seconds` at the very most. Raises openai.OpenAIError or Unusable.
        """
        deadline = time.monotonic() + seconds
        with self._client.chat.completions.with_streaming_response.create(
            model=self.model,
            messages=[
                {"role": "system", "content": instructions},
                {"role": "user", "content": prompt},
            ],
            stream=True,
            timeout=seconds,
            **self._options(schema, answer_tokens),
        ) as response:
            if response.status_code != 200:  # a redirect is not followed
                raise Unusable(f"status {response.status_code}")
            self.form_is_known = True
            pieces = _within(response.iter_bytes(), deadline)
            try:
                if "event-stream" in response.headers.get("Content-Type", ""):
                    for piece in pieces:
                        reply.take(piece)
                    if not reply.has_ended:
                        raise Unusable(BROKE_OFF)
                else:
                    reply.take_whole(b"".join(pieces))
            except httpx2.HTTPError as failure:
                raise Unusable(BROKE_OFF) from failure

    def _options(self, schema: dict[str, Any], answer_tokens: int) -> dict[str, Any]:
        form = FORMS[self.form]
        if form == "plain":  # the least that any endpoint knows
            return {"max_tokens": answer_tokens}
        wanted: dict[str, Any] = {"type": form}
        if form == "json_schema":
            wanted["json_schema"] = {"name": "answers", "strict": True, "schema": schema}
        return {
            "response_format": wanted,
            "max_completion_tokens": answer_tokens,
            "stream_options": {"include_usage": True},
        }


def _within(pieces: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    """The pieces of a body; one that drips or never ends is given up."""
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > LONGEST_REPLY:
            raise Unusable("the reply is too long")
        yield piece
        if time.monotonic() > deadline:
            raise Unusable("the reply takes too long")


def wait_seconds(failure: Exception) -> float | None:
    """How long the endpoint asks to be left alone, where it does."""
    if not isinstance(failure, openai.APIStatusError):
        return None
    asked = failure.response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def may_pass(failure: Exception) -> bool:
    """Whether asking once more may help."""
    if str(failure) == BROKE_OFF:
        return True
    if isinstance(failure, openai.APIStatusError):
        return failure.status_code == 429 or failure.status_code >= 500
    return isinstance(failure, openai.APIConnectionError)


def _said(reply: Any, part: str) -> tuple[str | None, Any]:
    """The text of the first choice and why it ended there; neither where there is no choice."""
    if not isinstance(reply, dict) or "error" in reply:
        raise Unusable("the reply is an error")
    try:
        choice = reply["choices"][0]
        text = choice[part].get("content")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None, None
    return text if isinstance(text, str) else None, choice.get("finish_reason")


def _tokens(reply: Any) -> Tokens | None:
    try:
        counts = [reply["usage"][key] for key in ("prompt_tokens", "completion_tokens")]
    except (KeyError, TypeError):
        return None
    if any(type(count) is not int or not 0 <= count < MANY_TOKENS for count in counts):
        return None
    return Tokens(*counts) if counts[0] else None  # something was read
