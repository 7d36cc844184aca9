import pytest
from django.http import QueryDict

from common.seen import fingerprint, ids_of, number, versions_of


@pytest.mark.parametrize("text", ["", "²", "٣", "1.0", "-1", "1_000", "9" * 19])
def test_what_is_no_id_is_no_number(text):
    assert number(text) is None


def test_ids_are_read_once_each_and_nothing_else_with_them():
    assert ids_of(QueryDict("ids=7&ids=²&ids=7&ids=12&other=3")) == {7, 12}


def test_versions_are_read_with_their_ids():
    assert versions_of(QueryDict("ids=7:3&ids=12&ids=²:1&ids=8:²&ids=9:0")) == {7: 3, 9: 0}


def test_fingerprint_is_of_the_rows_in_whatever_order():
    assert fingerprint([(1, 2), (3, 4)]) == fingerprint([(3, 4), (1, 2)])
    assert fingerprint([(1, 2)]) != fingerprint([(1, 3)])
