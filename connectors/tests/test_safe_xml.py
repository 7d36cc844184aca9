"""What others send as XML may be hostile."""

import pytest

from connectors.safe_xml import DEEPEST, LARGEST, MOST_ELEMENTS, BadXml, read

LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


@pytest.mark.parametrize("bomb", [LAUGHS, OUTSIDE, "<!DOCTYPE a><a/>"])
def test_entities_and_document_types_are_refused(bomb):
    with pytest.raises(BadXml, match="entities or a document type"):
        read(bomb)


def test_what_is_too_large_is_not_read_at_all():
    with pytest.raises(BadXml, match="more than 10 MB"):
        read(b"<a>" + b" " * LARGEST + b"</a>")


def test_what_is_too_deep_is_refused():
    assert read("<a>" * DEEPEST + "</a>" * DEEPEST).tag == "a"
    with pytest.raises(BadXml, match="64 deep"):
        read("<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1))


def test_too_many_elements_are_refused():
    with pytest.raises(BadXml, match="more than 500,000 elements"):
        read("<r>" + "<a/>" * MOST_ELEMENTS + "</r>")


@pytest.mark.parametrize(
    "broken",
    ["", b"", "no XML", "<a>", "<a></b>", "<a/><b/>", b"\xff\xfe<", '<?xml encoding="no"?><a/>'],
)
def test_what_is_no_xml_is_told_as_such(broken):
    with pytest.raises(BadXml, match="no well-formed XML"):
        read(broken)


def test_a_text_is_read_as_such_whatever_encoding_it_claims():
    assert read('<?xml version="1.0" encoding="utf-16"?><a>é</a>').text == "é"
