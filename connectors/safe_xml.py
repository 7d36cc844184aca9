"""Reads XML that others wrote: no entities, no document type, a bounded size and depth.

Source of the bounds: docs/architecture.md, "What holds it together". Written XML goes through
`xml.etree.ElementTree` (a real writer), never through string formatting.
"""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

LARGEST = 10 * 1024 * 1024
DEEPEST = 64
MOST_ELEMENTS = 500_000  # some 100 MB of memory: 10 MB of "<a/>" would be a gigabyte


class BadXml(ValueError):
    """It is no XML, or not such as an honest sender writes. The message says why, not what."""


class _Bounded(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def start(self, tag: Any, attrs: Any) -> Any:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST:
            raise BadXml(f"elements lie more than {DEEPEST} deep")
        if self.count > MOST_ELEMENTS:
            raise BadXml(f"it has more than {MOST_ELEMENTS:,} elements")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Any:
        self.depth -= 1
        return super().end(tag)


def read(content: bytes | str) -> Element:
    """The root element. A text is read as such, whatever encoding it claims.

    Raises:
        BadXml: too large, too deep, with entities or a document type, or no XML at all.
    """
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "replace"))
    if size > LARGEST:
        raise BadXml(f"it has more than {LARGEST // 1024 // 1024} MB")
    parser = XMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise BadXml("it declares entities or a document type") from error
    except (ParseError, LookupError, UnicodeError) as error:
        raise BadXml("it is no well-formed XML") from error
    return root
