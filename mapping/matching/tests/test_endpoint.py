"""What is read of a reply, however it is cut into pieces."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.matching.endpoint import Reply, Tokens
from mapping.matching.names import Candidate
from mapping.matching.questions import Question, Unusable, read_answers

ASKED = {
    id_: Question("vendor", Candidate(9, id_), (Candidate(1, "A"), Candidate(2, "B")))
    for id_ in ("r1", "r2", "r3")
}
WORDS = json.dumps(
    {"answers": [{"id": id_, "candidate": 1, "confidence": 0.9, "reason": "typo"} for id_ in ASKED]}
)


def event(data):
    return f"data: {json.dumps(data)}\n\n".encode()


def said(text, finish=None):
    return event({"choices": [{"delta": {"content": text}, "finish_reason": finish}]})


STREAM = (
    b": keep-alive\r\n\r\nevent: message\n"
    + b"".join(said(WORDS[start : start + 7]) for start in range(0, len(WORDS), 7))
    + said(None, "stop")
    + event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    + b"data: [DONE]\n\n"
)


def read(*pieces):
    reply = Reply()
    for piece in pieces:
        reply.take(piece)
    return reply


@settings(deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_however_a_stream_is_cut_into_pieces_it_says_the_same(places):
    at = [0, *sorted(places), len(STREAM)]

    reply = read(*(STREAM[start:end] for start, end in pairwise(at)))

    assert (reply.text, reply.tokens, reply.has_ended) == (WORDS, Tokens(7, 3), True)


@settings(deadline=None)
@given(st.integers(0, len(STREAM)))
def test_of_a_stream_that_broke_off_nothing_is_read_that_was_not_said(end):
    reply = read(STREAM[:end])

    assert WORDS.startswith(reply.text)
    try:
        answers = read_answers(reply.text, ASKED)
    except Unusable:
        answers = {}
    assert answers.items() <= read_answers(WORDS, ASKED).items()


@pytest.mark.parametrize(
    "data",
    [
        b"data: {not json\n",
        b'data: {"error": {"message": "out of memory"}}\n',
        b"data: []\n",
        b'data: {"choices": [{"delta": {"content": NaN}}]}\n',
    ],
)
def test_event_that_makes_no_sense_ends_the_reading_and_keeps_what_came_before(data):
    reply = Reply()
    reply.take(said("before"))

    with pytest.raises(Unusable):
        reply.take(data)
    assert reply.text == "before"


@pytest.mark.parametrize(
    "data",
    [
        {"choices": []},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": 7}}]},
        {"choices": [{"delta": {"content": ["words"]}}]},
        {"choices": {"0": "words"}},
    ],
)
def test_event_without_words_adds_none(data):
    assert read(said("before"), event(data)).text == "before"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"choices": []}', b"{" * 100_000])
def test_whole_reply_without_words_is_unusable(body):
    with pytest.raises(Unusable):
        Reply().take_whole(body)
