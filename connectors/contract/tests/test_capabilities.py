"""What each system lacks is known, said in docs, and answered by something the product shows."""

from django.conf import settings

from connectors import registry
from connectors.contract.capabilities import INSTEAD, OF_LEDGERS, OF_SOURCES, table


def test_the_document_of_systems_shows_the_capabilities_as_they_are():
    document = (settings.BASE_DIR / "docs" / "systems.md").read_text(encoding="utf-8")

    assert table(list(registry.PACKAGES.values())) in document


def test_whatever_a_system_lacks_something_is_shown_instead():
    assert set(INSTEAD) == {*OF_SOURCES, *OF_LEDGERS}
