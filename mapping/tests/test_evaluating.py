"""The command, on files with any names: what it prints is counted right."""

import json

import pytest
from django.core.management import CommandError, call_command

VENDORS = "id,name,city\n1,Acme Plumbing LLC,Austin\n2,Harbor Glass,Waco\n3,Zenith Roofing,Austin\n"
LEDGER = "id,name,city\nA,Acme Plumbing,Austin\nB,Harbor Glass Inc,Waco\nC,Delta Drywall,Waco\n"


@pytest.fixture
def write(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return written


def evaluated(capsys, *args):
    call_command("evaluate_suggestions", *args, "--json")
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_what_is_drafted_is_counted_against_the_truth(write, capsys):
    truth = write("truth.csv", "a_id,b_id\n1,A\n2,B/C\n3,\n")

    found = evaluated(
        capsys, write("a.csv", VENDORS), write("b.csv", LEDGER), "--kind=vendor", f"--truth={truth}"
    )

    assert (found["sources"], found["targets"], found["answerable"]) == (3, 3, 2)
    assert (found["drafted"], found["right"], found["wrong"]) == (2, 2, 0)
    assert (found["precision"], found["recall"]) == (1.0, 1.0)
    assert found["recall_at_1"] == found["recall_at_5"] == found["recall_at_10"] == 1.0


def test_a_draft_where_there_is_no_answer_is_wrong(write, capsys):
    truth = write("truth.csv", "a_id,b_id\n1,C\n2,\n3,\n")

    found = evaluated(
        capsys, write("a.csv", VENDORS), write("b.csv", LEDGER), "--kind=vendor", f"--truth={truth}"
    )

    assert (found["answerable"], found["right"], found["wrong"]) == (1, 0, 2)
    assert (found["wrong_without_answer"], found["wrong_without_answer_share"]) == (1, 0.5)


def test_gold_cells_name_one_none_or_several(write, capsys):
    codes = (
        "id,code,name,cost_type,gold\n1,09-250,Drywall,,dry\n2,03-300,Concrete,,?conc/dry\n"
        "3,26-100,Electrical,,none\n"
    )
    items = "key,name,type\ndry,Drywall,Service\nconc,Concrete,Service\nelec,Electrical,Service\n"

    found = evaluated(
        capsys, write("a.csv", codes), write("b.csv", items), "--kind=cost_code", "--gold=gold"
    )

    # Drywall is right, concrete is one of several and counts neither way, electrical is wrong.
    assert (found["drafted"], found["right"], found["ignored"], found["wrong"]) == (3, 1, 1, 1)
    assert (found["answerable"], found["precision"], found["recall"]) == (1, 0.5, 1.0)


def test_accounts_no_cost_goes_to_are_no_targets(write, capsys):
    codes = "id,code,name\n1,09-250,Drywall\n"
    chart = "Account Name,Account Type\nDrywall,Bank\nDrywall,Cost of Goods Sold\n"

    found = evaluated(capsys, write("a.csv", codes), write("b.csv", chart), "--kind=cost_code")

    assert (found["targets"], found["drafted"]) == (1, 1)


def test_without_truth_it_counts_drafts_and_says_nothing_of_right(write, capsys):
    found = evaluated(capsys, write("a.csv", VENDORS), write("b.csv", LEDGER), "--kind=vendor")

    assert found["drafted"] == 2
    assert "precision" not in found


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        ("", (), "has no rows"),
        ("id,city\n1,Waco\n", (), "no column of names"),
        (VENDORS, ("--gold=answer",), "has no column answer"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(write, source, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command(
            "evaluate_suggestions",
            write("a.csv", source),
            write("b.csv", LEDGER),
            "--kind=vendor",
            *options,
        )


def test_a_model_that_is_not_set_up_is_said_so(write, settings):
    settings.AI = {"model": ""}

    with pytest.raises(CommandError, match="No language model is set up"):
        call_command(
            "evaluate_suggestions",
            write("a.csv", VENDORS),
            write("b.csv", LEDGER),
            "--kind=vendor",
            "--ranker=model",
        )
