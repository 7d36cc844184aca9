import pytest
from django.http import QueryDict

from common.seen import ids_of, number


@pytest.mark.parametrize("text", ["", "²", "٣", "1.0", "-1", "1_000", "9" * 19])
def test_what_is_no_id_is_no_number(text):
    assert number(text) is None


def test_ids_are_read_once_each_and_nothing_else_with_them():
    assert ids_of(QueryDict("ids=7&ids=²&ids=7&ids=12&other=3")) == {7, 12}
