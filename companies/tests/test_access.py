"""The whole table of roles and acts, printed and compared: a change of it is a change here."""

import pytest

from common.errors import NotAllowed
from companies.access import ALLOWED, Action, check, may, refusal
from companies.models import Membership, Role
from companies.tests.factories import MembershipFactory

#                       admin controller accountant project_manager viewer
TABLE = """
see_bills               x     x          x          x               x
see_mappings            x     x          x          -               x
see_trail               x     x          x          -               x
export                  x     x          x          -               x
decide                  x     x          -          -               -
publish                 x     x          -          -               -
unpublish               x     -          -          -               -
approve                 x     x          -          x               -
send                    x     x          -          -               -
pull                    x     x          x          -               -
bring_in_files          x     x          -          -               -
see_settings            x     x          x          -               x
manage_connections      x     -          -          -               -
manage_people           x     -          -          -               -
change_settings         x     -          -          -               -
"""


def test_the_table_is_what_was_agreed():
    rows = [
        [action.value, *("x" if action in ALLOWED[role] else "-" for role in Role)]
        for action in Action
    ]
    print("\n".join(" ".join(row) for row in rows))  # noqa: T201  # shown when it fails

    assert rows == [line.split() for line in TABLE.strip().splitlines()]


def test_every_role_is_in_the_table():
    assert set(ALLOWED) == set(Role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_check_and_may_read_the_same_table(role, action):
    membership = Membership(role=role)

    assert may(membership, action) == (action in ALLOWED[role])


@pytest.mark.django_db
def test_a_refusal_names_who_can():
    admin = MembershipFactory(admin=True, user__name="Priya Shah")
    viewer = MembershipFactory(company=admin.company, viewer=True)

    with pytest.raises(NotAllowed, match=r"Only an admin can unpublish\. Ask Priya Shah\."):
        check(viewer, Action.UNPUBLISH)


@pytest.mark.django_db
def test_nobody_is_sent_to_a_project_manager():
    manager = MembershipFactory(project_manager=True)

    said = refusal(manager.company, Action.APPROVE)
    assert said == "Only an admin or a controller can approve bills."
