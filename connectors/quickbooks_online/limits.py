"""What QuickBooks Online is strict about. Sections are those of its reference sheet."""

from connectors.limits import Limit, Limits

LIMITS = Limits(
    bill_number=Limit(longest=21, source="7.10, DocNumber"),
    memo=Limit(longest=4000, source="7.10, PrivateNote"),
    line_description=Limit(longest=4000, source="7.10, Description of a line"),
)
