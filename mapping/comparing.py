"""Two records side by side, differences in words, and the candidates a machine weighed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from companies.models import Company
from connectors.models import Record
from mapping import refusing, targets
from mapping.matching.names import code_key, digits, normalise
from mapping.matching.questions import Reason
from mapping.models import Kind, Refusal, Suggestion
from mapping.thresholds import Thresholds


@dataclass(frozen=True)
class Field:
    """One line of both records. `verdict`: same, nearly, differs, source, ledger or blank."""

    label: str
    source: str
    ledger: str
    verdict: str


@dataclass(frozen=True)
class Choice:
    """One candidate, as a reviewer meets it. `number` is its key, 1 to 5."""

    number: str
    record: Record
    score: Decimal
    band: str
    reasons: tuple[str, ...]
    problem: str  # why it cannot be taken; blank when it can
    refusal: Refusal | None = None  # who turned it down; it can be taken all the same
    # The fields that agree, and those that contradict, as they are now: "name, city".
    speaks_for: str = ""
    speaks_against: str = ""

    @property
    def detail(self) -> str:
        return detail_of(self.record)

    @property
    def why(self) -> str:
        return "; ".join(self.reasons)

    @property
    def values(self) -> dict[str, object]:
        """What its button sends."""
        return {"target": self.record.pk}


def fields(source: Record, target: Record | None) -> list[Field]:
    """What both sides say, line by line; lines that neither fills are left out."""
    mine = dict(_said(source))
    theirs = dict(_said(target)) if target else {}
    found = [(label, mine[label], theirs.get(label, "")) for label in mine]
    return [
        Field(label, left, right, _verdict(label, left, right) if target else "")
        for label, left, right in found
        if left or right
    ]


def _said(record: Record) -> Iterator[tuple[str, str]]:
    yield "Name", record.name
    yield "Number", record.code
    yield "In the tree", record.path if record.path != record.name else ""
    yield "Also known as", ", ".join(record.other_names)
    yield "Kind", record.type
    yield "Address", record.address
    yield "City", ", ".join(part for part in (record.city, record.state) if part)
    yield "Postcode", record.postcode
    yield "E-mail", record.email
    yield "Phone", record.phone
    yield "Tax ID", f"ends in {digits(record.tax_id)[-4:]}" if digits(record.tax_id) else ""
    yield "State", "" if record.is_usable else "gone" if record.gone_at else "inactive"


def _verdict(label: str, left: str, right: str) -> str:
    """What only one side says does not contradict, and each system numbers for itself."""
    if not (left and right):
        return "source" if left else "ledger"
    if label == "Number" and code_key(left) != code_key(right):
        return ""
    if label == "Phone":
        return "same" if digits(left)[-10:] == digits(right)[-10:] else "differs"
    if left.casefold() == right.casefold():
        return "same"
    return "nearly" if normalise(left) == normalise(right) else "differs"


def candidates(
    suggestion: Suggestion | None, company: Company, kind: Kind, source: Record
) -> list[Choice]:
    """Up to five, best first, as they are now."""
    if suggestion is None:
        return []
    weighed, limits = suggestion.candidates[:5], Thresholds.of(kind, company.settings)
    records = {
        record.pk: record
        for record in Record.objects.filter(
            company=company, pk__in=[each["record"] for each in weighed]
        )
        .select_related("connection")
        .defer("payload", "search_text")
    }
    refused = {row.target_id: row for row in refusing.told_of(company, suggestion.source_id)}
    return [
        Choice(
            str(number),
            record,
            score := Decimal(str(each["score"])),
            limits.band(score),
            tuple(each.get("reasons", ())),
            targets.problem(record, kind, company).removeprefix("is "),
            refused.get(record.pk),
            *_evidence(source, record),
        )
        for number, each in enumerate(weighed, start=1)
        if (record := records.get(each["record"]))
    ]


def _evidence(source: Record, record: Record) -> tuple[str, str]:
    """Which fields speak for this pair, and which against it."""
    said = fields(source, record)
    return (
        ", ".join(_field_words(each) for each in said if each.verdict in ("same", "nearly")),
        ", ".join(_field_words(each) for each in said if each.verdict == "differs"),
    )


def _field_words(field: Field) -> str:
    label = field.label if field.label in ("E-mail", "Tax ID") else field.label.lower()
    return f"{label} but for the spelling" if field.verdict == "nearly" else label


def lead(suggestion: Suggestion | None) -> str:
    """How far the best candidate is ahead of the next, a sentence; blank where there is no next."""
    scores = [Decimal(str(each["score"])) for each in suggestion.candidates] if suggestion else []
    if len(scores) < 2:
        return ""
    points = int((scores[0] - max(scores[1:])) * 100)
    if points <= 0:
        return "The next candidate is as likely as the first."
    return f"{points} point{'' if points == 1 else 's'} ahead of the next candidate."


def second_opinion(suggestion: Suggestion | None) -> str:
    """What the language model said beside the local ranker, a sentence; blank if not asked."""
    if suggestion is None or not suggestion.model:
        return ""
    names = {each["record"]: each.get("name", "") for each in suggestion.candidates}
    local = names.get(suggestion.local_target_id, "")
    said = names.get(suggestion.model_target_id, "")
    if suggestion.model_reason == Reason.NOT_SURE:
        return "The language model was asked and is not sure."
    if not said:
        other = f"; the local ranker says {local}" if local else ""
        return f"The language model says that no candidate fits{other}."
    if said == local:
        return "The language model and the local ranker agree."
    if local:
        return f"The language model says {said}, the local ranker {local}: neither is preselected."
    return f"The language model says {said}; the local ranker is not sure of any."


def latest_suggestion(company: Company, source: Record) -> Suggestion | None:
    return Suggestion.objects.filter(company=company, source=source).order_by("-pk").first()


def detail_of(record: Record) -> str:
    """The small line below a name: number, place in the tree, city."""
    path = record.path if record.path != record.name else ""
    parts: Sequence[str] = (record.code, path, record.city, record.type if path else "")
    return " · ".join(part for part in parts if part)
