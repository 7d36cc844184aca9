"""What QuickBooks Online is strict about. Sections are those of its reference sheet.

What its stores would lose (2.5: letters beyond ISO-8859-1) is not refused here: it says so nowhere
for certain, and a name with such a letter is better kept than changed.
"""

from common.choices import RecordKind
from connectors.limits import Limit, Limits

NAME = Limit(longest=500, forbidden=":", source="7.1, DisplayName: no colon, tab or new line")
LEAF = Limit(longest=100, forbidden=":", source="7.1, the colon parts a path")

LIMITS = Limits(
    bill_number=Limit(longest=21, source="7.10, DocNumber"),
    memo=Limit(longest=4000, source="7.10, PrivateNote"),
    line_description=Limit(longest=4000, source="7.10, Description of a line"),
    names={
        RecordKind.VENDOR: NAME,
        RecordKind.CUSTOMER: NAME,
        RecordKind.PROJECT: NAME,
        RecordKind.ITEM: LEAF,
        RecordKind.CLASS: LEAF,
        RecordKind.LOCATION: LEAF,
        RecordKind.ACCOUNT: Limit(longest=100, forbidden=':"', source="7.1"),
        RecordKind.TERM: Limit(longest=31, forbidden=":", source="7.1"),
    },
    codes={
        RecordKind.VENDOR: Limit(longest=100, source="7.6, AcctNum"),
        RecordKind.ITEM: Limit(longest=100, source="7.8, Sku"),
        RecordKind.ACCOUNT: Limit(longest=7, source="7.1, AcctNum in the United States"),
    },
    fields={
        "company_name": Limit(longest=100, source="7.1, CompanyName and PrintOnCheckName"),
        "address": Limit(longest=500, source="7.1, each line"),
        "city": Limit(longest=255, source="7.1"),
        "state": Limit(longest=255, source="7.1"),
        "postcode": Limit(longest=30, source="7.1"),
        "email": Limit(longest=100, source="7.1"),
        "phone": Limit(longest=30, source="7.1; the schema says 21 for some"),
        "tax_id": Limit(longest=20, source="assumed, the sheet gives none"),
    },
)
