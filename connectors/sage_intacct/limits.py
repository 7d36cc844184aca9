"""What Sage Intacct is strict about. Sections are those of its reference sheet.

The sheet gives few lengths: natural ids have "about 20 to 40 characters" (9), a task's id at most
20 and a standard cost type's 12 (10). Where it says nothing the number is our assumption, chosen
small, and says so.
"""

from common.choices import RecordKind
from connectors.limits import Limit, Limits

ASSUMED = "assumed, the sheet gives none"

LIMITS = Limits(
    bill_number=Limit(longest=40, source="9, the upper end of natural ids; for RECORDID assumed"),
    memo=Limit(longest=1000, source=ASSUMED),
    line_description=Limit(longest=1000, source=ASSUMED),
    names={
        RecordKind.VENDOR: Limit(longest=100, source=ASSUMED),
        RecordKind.CUSTOMER: Limit(longest=100, source=ASSUMED),
        RecordKind.PROJECT: Limit(longest=100, source=ASSUMED),
    },
    codes={
        kind: Limit(
            longest=20,
            source="9, the lower end of natural ids; the characters are assumed",
            forbidden="/'\"<>&%*,|",
            ascii_only=True,
        )
        for kind in (RecordKind.VENDOR, RecordKind.CUSTOMER, RecordKind.PROJECT)
    },
    fields={
        "address": Limit(longest=80, source=ASSUMED),
        "city": Limit(longest=80, source=ASSUMED),
        "state": Limit(longest=40, source=ASSUMED),
        "postcode": Limit(longest=30, source=ASSUMED),
        "email": Limit(longest=200, source=ASSUMED),
        "phone": Limit(longest=30, source=ASSUMED),
        "tax_id": Limit(longest=20, source=ASSUMED),
    },
)
