"""Every status code of the sheet's section 6 and every HRESULT of 1.6, and what each means."""

import pytest

from connectors.errors import (
    AccessDenied,
    CredentialsExpired,
    NotSent,
    NumberTaken,
    PeriodClosed,
    Refused,
    TargetInactive,
    Unreachable,
)
from connectors.quickbooks_desktop import refusals
from connectors.quickbooks_desktop.qbxml import Answer, Reply

HRESULTS = {
    "0x80040308": CredentialsExpired,
    "0x80040400": Refused,
    "0x80040401": Unreachable,
    "0x80040402": Unreachable,
    "0x80040403": NotSent,
    "0x80040406": NotSent,
    "0x80040408": NotSent,
    "0x8004040A": NotSent,
    "0x8004040D": NotSent,
    "0x80040410": NotSent,
    "0x80040414": NotSent,
    "0x80040416": NotSent,
    "0x80040417": NotSent,
    "0x80040418": CredentialsExpired,
    "0x8004041A": CredentialsExpired,
    "0x8004041D": CredentialsExpired,
    "0x8004041F": CredentialsExpired,
    "0x80040420": CredentialsExpired,
    "0x80040422": NotSent,
    "0x80040424": NotSent,
}
CODES = {
    1000: Unreachable,
    1010: NotSent,
    1030: Refused,
    1060: Refused,
    3000: TargetInactive,
    3010: Refused,
    3020: Refused,
    3040: Refused,
    3070: Refused,
    3090: Refused,
    3100: NumberTaken,
    3120: TargetInactive,
    3130: TargetInactive,
    3140: TargetInactive,
    3150: Refused,
    3161: NotSent,
    3162: NotSent,
    3170: NotSent,
    3171: PeriodClosed,
    3175: NotSent,
    3176: NotSent,
    3177: NotSent,
    3180: Refused,
    3200: Refused,
    3210: Refused,
    3220: AccessDenied,
    3231: NotSent,
    3250: Refused,
    3260: AccessDenied,
    3261: AccessDenied,
    3270: TargetInactive,
    3280: TargetInactive,
    3500: Refused,
}


def reply(code, message="Words of QuickBooks"):
    return Reply(
        name="BillAddRs", code=code, severity="Error", message=message, attributes={}, rows=()
    )


@pytest.mark.parametrize(("hresult", "kind"), HRESULTS.items())
def test_each_hresult_has_a_cause_and_a_next_step(hresult, kind):
    error = refusals.could_not_run(hresult, "ignored")

    assert type(error) is kind
    assert len(str(error).split(". ")) > 1


def test_the_table_is_the_sheets():
    assert refusals.CAUSES.keys() == HRESULTS.keys()


def test_of_an_unknown_hresult_nothing_is_claimed():
    error = refusals.could_not_run("0x80049999", "Something else.")

    assert not error.surely_not_done
    assert "Something else" in str(error)


@pytest.mark.parametrize(
    ("spelled", "code"),
    [
        ("0x80040414", "0x80040414"),
        ("0X80040414", "0x80040414"),
        ("80040414", "0x80040414"),
        ("8004040a", "0x8004040A"),
        ("-2147220460", "0x80040414"),
        ("2147746836", "0x80040414"),
        ("  0x80040414 ", "0x80040414"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_hresult_is_known_however_it_is_spelled(spelled, code):
    assert refusals.canonical(spelled) == code


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_each_status_code_has_its_meaning(code, kind):
    error = refusals.refusal(reply(code), what="the bill")

    assert type(error) is kind
    assert "QuickBooks" in str(error)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The list has been modified by another user.", NotSent),
        ("The account number is already in use.", NumberTaken),
        ("The credit limit was exceeded.", Refused),
    ],
)
def test_what_could_not_be_saved_is_told_by_its_words(message, kind):
    assert type(refusals.refusal(reply(3180, message))) is kind


@pytest.mark.parametrize("code", [code for code, kind in CODES.items() if kind is not Unreachable])
def test_a_clear_no_was_surely_not_done_unless_it_may_be_ours(code):
    error = refusals.refusal(reply(code))

    assert error.surely_not_done is (CODES[code] is not NumberTaken)


@pytest.mark.parametrize("recovery", ["600", "9001", "9002", "9005"])
def test_a_message_set_met_before_is_to_be_looked_up(recovery):
    with pytest.raises(NumberTaken) as error:
        refusals.check_recovery(Answer(replies=(), recovery=recovery))

    assert not error.value.surely_not_done


def test_a_message_set_id_that_is_too_long_was_surely_not_done():
    with pytest.raises(Refused) as error:
        refusals.check_recovery(Answer(replies=(), recovery="9004"))

    assert error.value.surely_not_done


@pytest.mark.parametrize("recovery", ["", "0"])
def test_a_good_message_set_passes(recovery):
    refusals.check_recovery(Answer(replies=(), recovery=recovery))
