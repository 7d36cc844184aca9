"""Asks a language model about the doubtful ones. It may name one of the candidates, or none.

Several records are asked about in one request; each answer is checked against what was asked and
stands for itself. Nothing of the model's own wording is shown or followed. When it fails, costs
too much or takes too long it is not asked further, and a sentence says so.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, Protocol

import openai

from mapping.matching.endpoint import MILLION, Endpoint, Reply, Tokens, may_pass, wait_seconds
from mapping.matching.names import Candidate
from mapping.matching.questions import (
    ID_LENGTH,
    Answer,
    Example,
    Question,
    Unusable,
    answer_schema,
    bare_name,
    clean,
    instructions,
    key_of,
    prompt,
    read_answers,
)

TRIES: Final = 2
FAILURES_TO_OPEN: Final = 5
MILLIONTH: Final = Decimal("0.000001")
LONGEST_KEPT: Final = 20_000  # characters of an answer
TOKENS_AN_ANSWER: Final = 80
# A task has to end in time: whatever is set, no attempt gets longer.
LONGEST_TIMEOUT: Final = 20.0
# Until people have decided on enough of its answers, a model is shown no surer than this.
MODEL_AT_MOST: Final = 0.9
WENT_ON: Final = "The local ranker went on alone."


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Where to ask and what it may cost. Built from the setting `AI`; see `from_settings`."""

    model: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    dollars_per_million_in: Decimal = Decimal(0)
    dollars_per_million_out: Decimal = Decimal(0)
    dollars_per_run: Decimal = Decimal(1)
    dollars_per_month: Decimal = Decimal(20)
    tokens_per_run: int = 500_000
    tokens_per_month: int = 10_000_000
    calls_a_day: int = 2_000
    records_a_request: int = 10
    timeout_seconds: float = LONGEST_TIMEOUT

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "ModelConfig | None":
        """None when no model is configured: the local ranker works alone."""
        if not settings.get("model"):
            return None
        kinds: dict[str, Any] = {
            name: type(each.default)
            for name, each in cls.__dataclass_fields__.items()
            if name in settings and name != "model"
        }
        given = {name: kind(str(settings[name])) for name, kind in kinds.items()}
        config = cls(model=settings["model"], **given)
        return replace(
            config,
            records_a_request=max(1, config.records_a_request),
            timeout_seconds=min(config.timeout_seconds, LONGEST_TIMEOUT),
        )

    def price(self, tokens: Tokens) -> Decimal:
        """Rounded up to what is kept, so that sums of many are what they say."""
        dollars = (
            tokens.read * self.dollars_per_million_in
            + tokens.written * self.dollars_per_million_out
        ) / MILLION
        return dollars.quantize(MILLIONTH, ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Cost:
    tokens: int = 0
    dollars: Decimal = Decimal(0)

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.tokens + other.tokens, self.dollars + other.dollars)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back, for the log: all that left the building."""

    prompt: str
    answer: str
    records: int  # asked about
    answers: Mapping[str, Answer]  # usable ones, by the key of their question
    tokens: Tokens
    cost: Cost
    duration_ms: int
    error: str


class Desk(Protocol):
    """What the asker needs of the house: its money, its memory, its log."""

    @property
    def surest(self) -> float:
        """How sure a word of this model is shown at most: measured where it can be."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Names that do not leave."""

    def examples(self, source: Candidate) -> tuple[Example, ...]:
        """What people decided about names like this one."""

    def remembered(self, keys: Collection[str]) -> Mapping[str, Answer]:
        """Earlier answers, by the key of their question."""

    def refuses(self, cost: Cost) -> str:
        """Why a call that may cost this much is not made. Blank: it is counted from now on."""

    def keep(self, exchange: Exchange) -> None:
        """The call that was counted has ended."""


class OneRun:
    """A desk that keeps nothing beyond one run: for measuring on files."""

    surest = MODEL_AT_MOST
    hidden = ()

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.spent = Cost()
        self.answers: dict[str, Answer] = {}

    def examples(self, source: Candidate) -> tuple[Example, ...]:
        return ()

    def remembered(self, keys: Collection[str]) -> Mapping[str, Answer]:
        return {key: self.answers[key] for key in keys if key in self.answers}

    def refuses(self, cost: Cost) -> str:
        return over_run(self.spent + cost, self.config)

    def keep(self, exchange: Exchange) -> None:
        self.spent += exchange.cost
        self.answers |= exchange.answers


def over_run(cost: Cost, config: ModelConfig) -> str:
    """Why a run may not cost that much; blank when it may."""
    return _over("this run's", cost, config.dollars_per_run, config.tokens_per_run)


def over_month(cost: Cost, config: ModelConfig) -> str:
    return _over("the company's monthly", cost, config.dollars_per_month, config.tokens_per_month)


def _over(whose: str, cost: Cost, dollars: Decimal, tokens: int) -> str:
    if cost.dollars > dollars:
        return not_further(f"{whose} limit of ${dollars.normalize():f} is used up")
    if cost.tokens > tokens:
        return not_further(f"{whose} limit of {tokens:,} tokens is used up")
    return ""


def not_further(why: str) -> str:
    return f"The model was not asked further: {why}. {WENT_ON}"


class Opinion:
    """Asks, until the money, the calls or its patience are used up."""

    def __init__(self, config: ModelConfig, desk: Desk | None = None) -> None:
        self.config = config
        self.desk = desk or OneRun(config)
        self.spent = Cost()
        self.failures = 0  # in a row
        self.stopped = ""  # why it is no longer asked, a sentence for people
        self._asked = 0
        self._unanswered: Counter[str] = Counter()  # records, by why
        self._endpoint = Endpoint(config.model, config.base_url, config.api_key)

    @property
    def name(self) -> str:
        return self.config.model

    @property
    def at_once(self) -> int:
        return self.config.records_a_request  # asked about in one request

    @property
    def surest(self) -> float:
        return self.desk.surest

    @property
    def notice(self) -> str:
        """What a person should know about the asking; blank when all went well."""
        if self.stopped or not self._unanswered:
            return self.stopped
        why = self._unanswered.most_common(1)[0][0]
        return (
            f"The model gave no usable answer about {self._unanswered.total():,} of the "
            f"{self._asked:,} records it was asked about: {why}. "
            "The local ranker went on alone with those."
        )

    def ask(self, questions: Sequence[Question]) -> list[Answer | None]:
        """The answers in the order of the questions; None where there is none to be had."""
        hidden = self.desk.hidden
        full = [replace(each, examples=self.desk.examples(each.source)) for each in questions]
        keys = [key_of(self.name, each, hidden) for each in full]
        known = dict(self.desk.remembered(set(keys)))
        found = {key: replace(answer, is_cached=True) for key, answer in known.items()}
        wanted = {
            key: each
            for key, each in zip(keys, full, strict=True)
            if key not in found and each.candidates and bare_name(each.source.name, hidden)
        }
        for batch in _batches(wanted, self.config.records_a_request):
            found |= self._answers(batch)
        return [found.get(key) for key in keys]

    def _answers(self, wanted: Mapping[str, Question]) -> dict[str, Answer]:
        """By key. What a first attempt left open for a passing reason is asked once more."""
        found: dict[str, Answer] = {}
        until = time.monotonic() + 2 * self.config.timeout_seconds
        tries, failure = TRIES, None
        while tries and not self.stopped:
            left = {key: each for key, each in wanted.items() if key not in found}
            cost = self._estimate(left)
            seconds = min(self.config.timeout_seconds, (until - time.monotonic()) / 2)
            if seconds <= 0:
                break
            self.stopped = self.desk.refuses(Cost(cost.total, self.config.price(cost)))
            if self.stopped:
                return found
            answers, failure = self._exchange(left, cost, seconds)
            found |= answers
            if failure is None:
                break
            if self._endpoint.refuses_the_form(failure):
                continue
            self._failed(failure, is_partial=bool(answers))
            tries -= 1
            if not (may_pass(failure) or answers) or len(found) == len(wanted):
                break
            if tries and not self.stopped:
                self._wait(failure, until)
        self._asked += len(wanted)
        if open_ := len(wanted) - len(found):
            self._unanswered[_why(failure)] += open_
        return found

    def _failed(self, failure: Exception, *, is_partial: bool) -> None:
        self.failures = 0 if is_partial else self.failures + 1
        if advice := _advice(failure):
            self.stopped = f"The model is not asked further: {advice} {WENT_ON}"
        elif self.failures >= FAILURES_TO_OPEN:
            self.stopped = (
                f"The model failed {self.failures} times in a row and is not asked further: "
                f"{_why(failure)}. {WENT_ON}"
            )

    def _wait(self, failure: Exception, until: float) -> None:
        """As long as it asks to be left alone, where that is soon over."""
        asked = wait_seconds(failure)
        if asked is not None and asked > min(self.config.timeout_seconds, until - time.monotonic()):
            self.stopped = not_further(f"it is busy and asks to wait {_how_long(asked)}")
        elif asked is not None or isinstance(failure, openai.APIStatusError):
            time.sleep(asked if asked is not None else self.config.timeout_seconds / 40)

    def _estimate(self, questions: Mapping[str, Question]) -> Tokens:
        """On the high side."""
        asked = len(prompt(questions, self.desk.hidden).encode()) + len(instructions())
        return Tokens(asked // 2 + 200, _answer_tokens(len(questions)))

    def _exchange(
        self, wanted: Mapping[str, Question], estimate: Tokens, seconds: float
    ) -> tuple[dict[str, Answer], Exception | None]:
        """What was answered, by key, and what went wrong; both when it broke off half way."""
        started = time.monotonic()
        keys = {key[:ID_LENGTH]: key for key in wanted}
        questions = {id_: wanted[key] for id_, key in keys.items()}
        text = prompt(questions, self.desk.hidden)
        reply = Reply()
        failure: Exception | None = None
        try:
            self._endpoint.ask(
                instructions(),
                text,
                answer_schema(questions),
                reply,
                answer_tokens=_answer_tokens(len(questions)),
                seconds=seconds,
            )
        except (openai.OpenAIError, Unusable) as problem:
            failure = problem
        answers, failure = _read(reply, questions, failure)
        if failure is None:
            self.failures = 0
        # What a call costs that never ends is not known: it counts as estimated.
        refused = isinstance(failure, openai.APIStatusError)
        tokens = Tokens() if refused else reply.tokens or estimate
        cost = Cost(tokens.total, self.config.price(tokens))
        self.spent += cost
        by_key = {keys[id_]: answer for id_, answer in answers.items()}
        self.desk.keep(
            Exchange(
                prompt=f"{instructions()}\n\n{text}",
                answer=clean(reply.text, LONGEST_KEPT),
                records=len(questions),
                answers=by_key,
                tokens=tokens,
                cost=cost,
                duration_ms=round((time.monotonic() - started) * 1000),
                error=_error(failure),
            )
        )
        return by_key, failure


def _read(
    reply: Reply, questions: Mapping[str, Question], failure: Exception | None
) -> tuple[dict[str, Answer], Exception | None]:
    """What can be used of a reply, whole or broken off by `failure`, and what is wrong with it."""
    if failure is not None and not reply.text:
        return {}, failure
    try:
        answers = read_answers(reply.text, questions)
    except Unusable as problem:
        return {}, failure or problem
    if failure is None and reply.is_cut and len(answers) < len(questions):
        failure = Unusable("the answer broke off")
    elif failure is None and not answers:
        failure = Unusable("nothing in the answer fits the question")
    return answers, failure


def _batches(wanted: Mapping[str, Question], size: int) -> Iterator[dict[str, Question]]:
    keys = list(wanted)
    for start in range(0, len(keys), size):
        yield {key: wanted[key] for key in keys[start : start + size]}


def _answer_tokens(records: int) -> int:
    return 200 + TOKENS_AN_ANSWER * records


def _advice(failure: Exception) -> str:
    """What an operator has to do; blank where nothing but waiting helps."""
    if not isinstance(failure, openai.APIStatusError):
        return ""
    if failure.status_code in (401, 403):
        return "the endpoint refused the key. An operator should check AI_API_KEY."
    if failure.status_code == 404:
        return "the endpoint does not know it. An operator should check AI_MODEL and AI_BASE_URL."
    return ""


def _why(failure: Exception | None) -> str:
    if failure is None:
        return "the answer left them out or did not fit the question"
    if isinstance(failure, openai.APITimeoutError):
        return "it took too long"
    if isinstance(failure, openai.APIStatusError):
        code = failure.status_code
        if code < 400:
            return "it pointed to another address, where nothing is sent"
        return "it was busy" if code == 429 else "it answered with an error"
    if isinstance(failure, openai.APIConnectionError):
        return "it could not be reached"
    return str(failure)


def _error(failure: Exception | None) -> str:
    """For the log: never the words of the other side, which may repeat what it was sent."""
    if isinstance(failure, openai.APIStatusError):
        return f"{type(failure).__name__} {failure.status_code}"
    is_other = failure is not None and not isinstance(failure, Unusable)
    return type(failure).__name__ if is_other else str(failure or "")


def _how_long(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:,.0f} minutes" if seconds < 7_200 else "for hours"
