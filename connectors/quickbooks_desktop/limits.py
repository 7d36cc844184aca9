"""What QuickBooks Desktop is strict about. Sections are those of its reference sheet."""

from common.choices import RecordKind
from connectors.limits import Limit, Limits

NAME = Limit(longest=41, forbidden=":", source="3, Name; the colon stands between parent and job")

LIMITS = Limits(
    bill_number=Limit(longest=20, source="4, RefNumber of a bill"),
    memo=Limit(longest=4095, source="4, Memo"),
    line_description=Limit(longest=4095, source="4, Memo and Desc of a line"),
    names={RecordKind.VENDOR: NAME, RecordKind.CUSTOMER: NAME},
    codes={
        RecordKind.VENDOR: Limit(longest=99, source="3, AccountNumber"),
        RecordKind.CUSTOMER: Limit(longest=99, source="3, AccountNumber"),
    },
    fields={
        "address": Limit(longest=41, source="3, Addr1"),
        "city": Limit(longest=31, source="3, City"),
        "state": Limit(longest=21, source="3, State"),
        "postcode": Limit(longest=13, source="3, PostalCode"),
        "email": Limit(longest=1023, source="3, Email"),
        "phone": Limit(longest=21, source="3, Phone"),
        "tax_id": Limit(longest=15, source="3, VendorTaxIdent"),
    },
)
LONGEST_FULL_NAME = 209  # 3: a customer with its jobs, joined by colons
