import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.matching.addresses import address, how_alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1420 Oak St Unit B Remodel", "1420 Oak Street #B - Kitchen"),
        ("26 South 3rd Avenue", "26 S. 3rd Ave"),
        ("30-30 47 Ave Expansion", "30-30 47th Avenue"),
        ("5382 Nunez", "5382 Nunez Court"),
        ("669 Beaver Trail", "669 N Beaver Trl"),
        ("812 Sycamore Lane", "812 Sycamroe Ln"),
        ("12 Fox Run Creek Rd Apt 4", "12 Fox Run Creek Road, Unit 4"),
    ],
)
def test_one_house_written_twice_is_one_house(one, other):
    alike, why = how_alike(address(one), address(other))

    assert alike
    assert not why


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("1420 Oak St", "1402 Oak St", "house number differs: 1420 / 1402"),
        ("1420 Oak St", "1420 Elm St", "street differs: Oak St / Elm St"),
        ("1420 Oak St", "1420 Oak Ave", "street differs: Oak St / Oak Ave"),
        ("1420 N Oak St", "1420 S Oak St", "direction differs: N / S"),
        ("1420 Oak St Unit A", "1420 Oak St Unit B", "unit differs: A / B"),
        ("1420 Oak St Unit A", "1420 Oak St", "unit A on one side only"),
        ("9 23rd St", "9 32nd St", "street differs: 23 St / 32 St"),
        ("14 Ash St", "14 Oak St", "street differs: Ash St / Oak St"),
    ],
)
def test_another_house_is_another_house(one, other, why):
    assert how_alike(address(one), address(other)) == (0.0, why)


@pytest.mark.parametrize("name", ["Police Station No. 4", "Fox Run Lot 12", "Smith Kitchen", ""])
def test_a_name_without_a_house_has_no_address(name):
    assert address(name) is None


def test_what_is_done_there_is_no_part_of_the_address():
    found = address("Smith - 1420 Oak St Unit B Kitchen")

    assert found.rest == ("smith", "kitchen")
    assert found.behind == ("kitchen",)


@given(st.text(max_size=40))
def test_an_address_is_like_itself(name):
    found = address(name)

    assert found is None or how_alike(found, found) == (1.0, "")


def test_a_phases_number_is_no_house_number():
    assert address("Belmont Apartments Phase 4 Change Order") is None


def test_a_number_before_a_street_goes_before_one_that_has_none():
    found = address("5 Boro Relocation - 850 East 142nd Street")

    assert found is not None
    assert found.number == "850"
