"""What each no means: a corpus of answers, by number and words. Source: the sheet, 4, 6 and 7."""

import pytest

from connectors.errors import (
    AccessDenied,
    CompanySuspended,
    NumberTaken,
    PeriodClosed,
    RateLimited,
    Refused,
    TargetInactive,
    Unreachable,
)
from connectors.sage_intacct.envelope import Complaint
from connectors.sage_intacct.refusals import (
    SenderRefused,
    SignInRefused,
    Step,
    control_refusal,
    refusal,
    sign_in_refusal,
)

GENERAL = ("BL01001973", "Could not create Bill record!")
ROLLED_BACK = (
    "XL03000009",
    "The entire transaction in this operation has been rolled back due to an error.",
)


def said(*errors):
    return [Complaint(number, sentence, "") for number, sentence in errors]


# number, sentence, error: what integrators have met, in the order of section 7
CORPUS = [
    ("BL01001973", "Periods are closed. The transaction date 01/15/2026 is …", PeriodClosed),
    ("BL03000018", "Date must be on or after 02/01/2026", PeriodClosed),
    ("PL04000005", "You do not have permission for API operation CREATE on …", AccessDenied),
    ("XL03000005", "You do not have permission for API operation READ", AccessDenied),
    ("BL34000061", "Another Bill with the given value(s) RF-1  already exists", NumberTaken),
    ("PL05000104", "The contact Ridge(VV-1) already exists", NumberTaken),
    ("BL01001973", "Duplicate account number", NumberTaken),
    ("BL01001973", "Invalid Vendor 'V-9' specified.", TargetInactive),
    ("BL01001973", "Invalid Project '24-9' specified.", TargetInactive),
    ("BL01001973", "The vendor 'V-9' is invalid.", TargetInactive),
    ("BL01001973", "Activate the vendor V-9, then try again.", TargetInactive),
    ("BL01001973", "Department 'X' is not valid", TargetInactive),
    ("BL01001973", "Location 'X' is not valid", TargetInactive),
    ("BL01001973", "Project '24-9' specified is not valid.", TargetInactive),
    ("BL01001973", "Cannot find customer with key C-9", TargetInactive),
    (
        "BL03000018",
        "This transaction is missing the Cost Code dimension for the Account 5010.",
        Refused,
    ),
    ("BL03000018", "The account number '5010' requires a Job", Refused),
    ("BL03000018", "Required field Date Due is missing", Refused),
    ("BL03000018", "Illegal format for WHENCREATED", Refused),
    ("BL03000018", "Missing unit", Refused),
    ("BL01001973", "GL account override is not allowed", Refused),
    ("DL02000001", "There was an error processing the request.", Refused),
    ("Query Failed", "Object definition NOPE not found", Refused),
    ("XL03000003", "The XML document does not match the schema", Refused),
    ("CRE-3211", "A compliance record has expired", Refused),
    ("BL99999999", "Something no one has met", Refused),
    ("XX00000001", "The Service is Temporarily Off-line", Unreachable),
]


@pytest.mark.parametrize(("number", "sentence", "error"), CORPUS)
def test_an_answer_means(number, sentence, error):
    found = refusal(said((number, sentence), GENERAL, ROLLED_BACK), sends=True)

    assert type(found) is error
    assert sentence.rstrip(".") in str(found)


@pytest.mark.parametrize(("number", "sentence", "error"), CORPUS)
def test_what_was_refused_is_surely_not_done_but_for_what_may_be_ours(number, sentence, error):
    found = refusal(said((number, sentence)), sends=True)

    assert found.surely_not_done is (error not in {NumberTaken, Unreachable})


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("SBX-DUPCONTROLID", "The control ID 'k' was used before."),
        ("XL03000011", "Request rejected"),
        ("", "The controlid is not unique"),
        ("BL03000021", "A function with this control ID was processed"),
        ("XL03000003", "uniqueid violation"),
    ],
)
def test_a_no_we_do_not_know_to_something_we_sent_may_be_about_our_first_try(number, sentence):
    found = refusal(said((number, sentence)), sends=True)

    assert isinstance(found, NumberTaken)
    assert not found.surely_not_done


def test_the_same_no_to_a_question_is_just_a_no():
    found = refusal(said(("XL03000011", "Request rejected")), what="our question")

    assert type(found) is Refused
    assert found.code == "XL03000011"


def test_what_says_nothing_is_left_out():
    found = refusal(said(("BL03000018", "Missing unit"), GENERAL, ROLLED_BACK))

    assert "Could not create" not in str(found)
    assert "rolled back" not in str(found)


def test_when_nothing_is_telling_the_general_word_is_shown():
    assert "Could not create Bill record" in str(refusal(said(GENERAL)))


def test_a_no_without_any_word_is_a_sentence_too():
    assert str(refusal([])) == "Sage Intacct refused the bill: no reason given."


def test_only_the_correction_is_shown_where_it_is_all_there_is():
    found = refusal([Complaint("BL01001973", "", "Use a unique value instead.")])

    assert "Use a unique value instead" in str(found)


@pytest.mark.parametrize(
    ("number", "sentence", "error"),
    [
        ("GW-0010", "API rate limit exceeded", RateLimited),
        ("XL03000006", "Incorrect Intacct XML Partner ID or password.", SenderRefused),
        ("GW-0011", "Invalid Request [Request ID 1]", SenderRefused),
        ("XL03000003", "XML parse error", Refused),
        ("", "The Service is Temporarily Off-line", Unreachable),
    ],
)
def test_a_request_refused_as_a_whole(number, sentence, error):
    assert type(control_refusal(said((number, sentence)))) is error


@pytest.mark.parametrize(
    ("sentence", "step"),
    [
        ("Sign-in information is incorrect", Step.USER),
        ("This company is not authorized for XML transactions.", Step.SUBSCRIPTION),
        ("Invalid Web Services Authorization … not authorized", Step.AUTHORIZATION),
        ("The entity 'E9' is not valid for this user.", Step.ENTITY),
        ("", Step.USER),
    ],
)
def test_a_refused_sign_in_is_about_one_step(sentence, step):
    found = sign_in_refusal(said(("XL03000006", sentence)), entity="E9")

    assert isinstance(found, SignInRefused)
    assert found.step == step
    assert found.surely_not_done


def test_a_company_that_has_expired_waits():
    found = sign_in_refusal(said(("PL04000055", "Your demo company has expired")))

    assert type(found) is CompanySuspended
    assert found.retryable
