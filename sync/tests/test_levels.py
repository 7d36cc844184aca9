"""Which of several mappings decides about a line: the rule, the stored answer and the gate agree.

The rule is written here a second time, as a table and as a naive function; docs/rules.md says it in
words.
"""

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import AppError
from companies import deciding
from companies.models import CompanySettings, Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.models import Record
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping import combining, drifting, excepting, publishing, reviewing
from mapping.lookup import Lookup
from mapping.models import Level, Mapping
from mapping.tests.factories import MappingFactory
from sync import gate, needing, readiness
from sync.models import BillLine, BillNeed
from sync.tests.factories import BillFactory, judge_bills, map_record
from sync.waiting import WaitingBills

G = CompanySettings.Granularity
LEVELS = (Level.PROJECT_PAIR, Level.PAIR, Level.COST_CODE, Level.COST_TYPE, Level.DEFAULT)
STATES = ("none", "draft", "accepted", "published", "stale", "left", "no_match")
WORDS = {"accepted": "needs_publishing", "stale": "needs_publishing", "left": "unmapped"}


class Line:
    """One bill of one line, 03-300 × Material in Oak St Lofts; vendor and project are in force."""

    def __init__(self, granularity=G.PAIR, *, has_default=True):
        self.company = CompanyFactory(
            settings__granularity=granularity, settings__has_default=has_default
        )
        self.admin = MembershipFactory(company=self.company, role=Role.ADMIN).user
        self.source = ConnectionFactory(company=self.company, source=True)
        ConnectionFactory(company=self.company)
        self.code = RecordFactory(company=self.company, cost_code=True, code="03-300")
        self.type = RecordFactory(company=self.company, cost_type=True, name="Material")
        self.project = RecordFactory(company=self.company, project=True, name="Oak St Lofts")
        self.bill = BillFactory(company=self.company, project=self.project, cost_code=self.code)
        self.bill.lines.update(cost_type=self.type)
        map_record(self.bill.vendor)
        map_record(self.project)
        self.judge()

    def judge(self):
        needing.write(self.company, [self.bill.pk])
        readiness.refresh(self.company, bills=[self.bill.pk])

    @property
    def pair(self):
        return self.company.records.get(kind="pair")

    @property
    def default(self):
        return self.company.records.get(kind="default")

    def at(self, level):
        return {
            Level.PROJECT_PAIR: lambda: combining.override_of(self.project, self.pair)[0],
            Level.PAIR: lambda: self.pair,
            Level.COST_CODE: lambda: self.code,
            Level.COST_TYPE: lambda: self.type,
            Level.DEFAULT: lambda: self.default,
        }[level]()

    def say(self, level, state):
        """Write a mapping of this level in this state, as it lies in the table."""
        if state == "none":
            return
        record = self.at(level)
        target = None if state == "no_match" else RecordFactory(company=self.company, account=True)
        trait = "published" if state == "stale" else state
        extra = {"stale": Mapping.Stale.INACTIVE} if state == "stale" else {}
        MappingFactory(company=self.company, source=record, target=target, **{trait: True}, **extra)

    def ask(self):
        """The gate's own answer: the record that decides, and the holds about mappings."""
        self.bill.refresh_from_db()
        self.bill.company = self.company
        asked = gate.Question(self.bill, Lookup(self.company), self.company.settings, None)
        record = asked.coding.record_of(asked.lines[0])
        return record, [hold for hold in gate.holds(asked) if hold.rule == "mapping"]

    @property
    def stored(self):
        self.bill.refresh_from_db(fields=["readiness"])
        return self.bill.readiness


def expected(states):
    """Level and word, by the rule: the most specific that a person decided; else the pair."""
    for level in LEVELS:
        if states[level] in ("accepted", "published", "stale", "left"):
            return level, WORDS.get(states[level], "ready")
    return Level.PAIR, "needs_publishing" if states[Level.PAIR] == "draft" else "unmapped"


def gate_word(holds):
    if not holds:
        return "ready"
    nothing = {None, "left", "no_match"}
    state = holds[0].mapping.state if holds[0].mapping else None
    return "unmapped" if state in nothing else "needs_publishing"


@pytest.mark.django_db
@pytest.mark.parametrize("finer", STATES)
@pytest.mark.parametrize("own", STATES)
def test_the_most_specific_mapping_that_a_person_decided_rules(finer, own):
    line = Line()
    records = [line.at(level) for level in LEVELS]
    line.judge()
    for coarser, default in product(("none", "draft", "published", "left"), ("none", "published")):
        Mapping.objects.filter(source__in=records).delete()
        states = dict(zip(LEVELS, (finer, own, coarser, "none", default), strict=True))
        for level, state in states.items():
            line.say(level, state)
        readiness.refresh(line.company, bills=[line.bill.pk])

        record, holds = line.ask()

        level, word = expected(states)
        found = (combining.level_of(record), gate_word(holds), line.stored)
        assert found == (level, word, word), states


@pytest.mark.django_db
def test_a_draft_of_the_machine_never_changes_where_a_bill_goes():
    line = Line()
    line.say(Level.COST_CODE, "published")
    for level in (Level.PAIR, Level.PROJECT_PAIR):
        line.say(level, "draft")
    line.judge()

    record, holds = line.ask()

    assert (record, holds, line.stored) == (line.code, [], "ready")


@pytest.mark.django_db
def test_what_is_accepted_for_one_project_holds_its_bills_at_once():
    line = Line(G.COST_CODE, has_default=False)
    other = BillFactory(company=line.company, cost_code=line.code, vendor=line.bill.vendor)
    map_record(line.code)
    map_record(other.project)
    readiness.refresh(line.company)
    target = RecordFactory(company=line.company, account=True)

    excepting.except_project(line.code, line.project, target, by=line.admin)

    other.refresh_from_db()
    assert (line.stored, other.readiness) == ("needs_publishing", "ready")


@pytest.mark.django_db
def test_a_projects_own_mapping_in_force_takes_the_place_of_the_common_one():
    line = Line(G.COST_CODE, has_default=False)
    map_record(line.code)
    target = RecordFactory(company=line.company, account=True)

    mapping = excepting.except_project(line.code, line.project, target, by=line.admin, publish=True)

    record, holds = line.ask()
    assert (record, holds, line.stored) == (mapping.source, [], "ready")
    assert str(record) == f"Oak St Lofts: 03-300 {line.code.name}"


@pytest.mark.django_db
def test_a_pair_is_made_when_a_bill_brings_its_two_together_and_once():
    line = Line()
    line.judge()

    assert str(line.pair) == f"03-300 {line.code.name} · Material"


@pytest.mark.django_db
def test_a_pair_goes_by_the_names_of_its_parts():
    line = Line()
    Record.objects.filter(pk=line.code.pk).update(name="Cast-in-place")

    combining.keep_up(line.source, {line.code.pk})

    assert (line.pair.name, line.pair.search_text) == (
        "Cast-in-place · Material",
        "03-300 cast-in-place · material 03-300 l",
    )


@pytest.mark.django_db
def test_a_line_without_a_type_goes_by_its_code_where_lines_go_by_pairs():
    line = Line(has_default=False)
    BillLine.objects.filter(bill=line.bill).update(cost_type=None)
    line.say(Level.COST_CODE, "published")
    line.judge()

    record, holds = line.ask()

    assert (record, holds, line.stored) == (line.code, [], "ready")


@pytest.mark.django_db
def test_two_lines_that_go_by_one_code_count_once_for_it():
    line = Line(has_default=False)
    labor = RecordFactory(company=line.company, cost_type=True)
    BillLine.objects.create(
        company=line.company, bill=line.bill, position=2, external_id="2", cost_code=line.code,
        cost_type=labor, amount=0,
    )  # fmt: skip
    line.say(Level.COST_CODE, "accepted")
    line.judge()

    waits = WaitingBills().by_record(line.company, [line.code.pk])[line.code.pk]
    assert (waits.bills, waits.amount) == (1, line.bill.total)
    mapping = Mapping.objects.get(source=line.code)
    assert WaitingBills().let_go_by(line.company, [mapping.pk]).bills == 1


@pytest.mark.django_db
def test_another_granularity_asks_for_other_records():
    line = Line(G.COST_CODE, has_default=False)
    map_record(line.code)
    readiness.refresh(line.company)

    deciding.change(line.company, {"granularity": G.COST_TYPE}, by=line.admin)
    judge_bills(line.company)

    assert line.stored == "unmapped"
    assert set(line.bill.needs.values_list("kind", flat=True)) == {"vendor", "project", "cost_type"}


@pytest.mark.django_db
def test_without_the_default_nothing_goes_by_it():
    line = Line()
    line.say(Level.DEFAULT, "published")
    line.judge()
    assert line.stored == "ready"

    deciding.change(line.company, {"has_default": False}, by=line.admin)
    judge_bills(line.company)

    assert line.stored == "unmapped"
    assert gate_word(line.ask()[1]) == "unmapped"


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["override", "leave", "no_match", "undo", "publish", "unpublish", "drift",
                         "back", "draft"]),
        st.sampled_from(LEVELS),
    ),
    min_size=1,
    max_size=14,
)  # fmt: skip


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS)
def test_the_stored_readiness_is_what_the_gate_says_after_anything_people_and_ledgers_do(acts):
    line = Line()
    targets = {level: RecordFactory(company=line.company, account=True) for level in LEVELS}
    own = None
    for act, level in acts:
        if level is Level.PROJECT_PAIR:
            if own is None:
                if act != "override":
                    continue
                mapping = excepting.except_project(
                    line.pair, line.project, targets[level], by=line.admin
                )
                own = mapping.source
                continue
            record = own
        else:
            record = line.at(level)
        _do(act, record, targets[level], line)

        level_and_word = _by_the_table(line, own)
        record, holds = line.ask()
        said = (combining.level_of(record), gate_word(holds))
        assert said == level_and_word
        assert line.stored == level_and_word[1]
        rules = BillNeed.objects.filter(bill=line.bill, about=line.pair, rules=True)
        assert [need.record_id for need in rules] == [record.pk]


def _do(act, record, target, line):
    mapping = Mapping.objects.filter(source=record).first()
    by = line.admin
    try:
        if act == "override":
            reviewing.override(mapping or record, target, by=by)
        elif act == "leave":
            reviewing.leave(mapping or record, by=by)
        elif act == "no_match":
            reviewing.no_match(mapping or record, by=by)
        elif act == "undo" and mapping:
            reviewing.undo(mapping, by=by)
        elif act == "publish" and mapping:
            publishing.publish(line.company, by=by, only=[mapping.pk])
        elif act == "unpublish" and mapping:
            publishing.unpublish([mapping], by=by, reason="Wrong")
        elif act == "draft" and mapping is None:
            MappingFactory(company=line.company, source=record, target=target, draft=True)
            readiness.refresh(line.company, records=[record.pk])
        elif act in ("drift", "back"):
            Record.objects.filter(pk=target.pk).update(is_active=act == "back")
            drifting.look_again(line.company, [target.pk])
    except AppError:
        return  # refused, and nothing was changed


def _by_the_table(line, own):
    states = {}
    for level in LEVELS:
        record = own if level is Level.PROJECT_PAIR else line.at(level)
        mapping = Mapping.objects.filter(source=record).first() if record else None
        states[level] = (
            "stale" if mapping and mapping.stale else mapping.state if mapping else "none"
        )
    return expected(states)
