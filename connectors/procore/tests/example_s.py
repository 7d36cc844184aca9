"""Worked example S: a masonry subcontract of 186,000.00, a change of 9,400.00, five applications.

Source: the reference sheet on construction finance, section 2.
"""

from decimal import Decimal

from connectors.procore.tests.conftest import JOB, MASON

SUBCONTRACT = 900
BLOCK, BRICK, LINTELS, SCREEN = 911, 912, 913, 914

LINES = [
    (BLOCK, "04-220", "Block walls", "120000.00"),
    (BRICK, "04-210", "Brick veneer", "54000.00"),
    (LINTELS, "05-120", "Lintels", "12000.00"),
    (SCREEN, "04-220", "Screen wall", "9400.00"),
]

# Per application and line: work, stored now, retained on work, released on work, held on stored.
APPLICATIONS = [
    {
        BLOCK: ("36000", "0", "3600", "0", "0"),
        BRICK: ("0", "8000", "0", "0", "800"),
    },
    {
        BLOCK: ("42000", "0", "4200", "0", "0"),
        BRICK: ("17500", "5200", "1750", "0", "520"),
        LINTELS: ("2400", "0", "240", "0", "0"),
    },
    {
        BLOCK: ("30000", "0", "3000", "0", "0"),
        BRICK: ("21000", "0", "2100", "0", "0"),
        LINTELS: ("6000", "0", "600", "0", "0"),
        SCREEN: ("9400", "0", "940", "0", "0"),
    },
    # The rate falls to 5 % on everything: half of what was held before is let go.
    {
        BLOCK: ("12000", "0", "600", "5400", "0"),
        BRICK: ("15500", "0", "775", "1925", "0"),
        LINTELS: ("3600", "0", "180", "420", "0"),
        SCREEN: ("0", "0", "0", "470", "0"),
    },
    {
        BLOCK: ("0", "0", "0", "6000", "0"),
        BRICK: ("0", "0", "0", "2700", "0"),
        LINTELS: ("0", "0", "0", "600", "0"),
        SCREEN: ("0", "0", "0", "470", "0"),
    },
]

# gross, retainage (positive when held), payable
BILLS = [
    (Decimal("44000.00"), Decimal("4400.00"), Decimal("39600.00")),
    (Decimal("59100.00"), Decimal("5910.00"), Decimal("53190.00")),
    (Decimal("61200.00"), Decimal("6120.00"), Decimal("55080.00")),
    (Decimal("31100.00"), Decimal("-6660.00"), Decimal("37760.00")),
    (Decimal("0.00"), Decimal("-9770.00"), Decimal("9770.00")),
]

COLUMNS = (
    "work_this_period",
    "stored_now",
    "retained_this_period",
    "released_this_period",
    "stored_retained",
)


def commitment():
    return {
        "id": SUBCONTRACT,
        "type": "subcontract",
        "number": "SC-1",
        "title": "Masonry",
        "project_id": JOB,
        "vendor_id": MASON,
        "status": "Approved",
        "retainage_percent": "10",
        "contract_date": "2026-01-05",
    }


def lines():
    return [
        {
            "id": line_id,
            "commitment_id": SUBCONTRACT,
            "position": position,
            "code": code,
            "cost_type_id": 61,
            "description": description,
            "amount": amount,
        }
        for position, (line_id, code, description, amount) in enumerate(LINES, start=1)
    ]


def requisition(number, **changes):
    return {
        "id": 2000 + number,
        "commitment_id": SUBCONTRACT,
        "number": number,
        "invoice_number": f"OM-{number}",
        "billing_date": f"2026-{number + 1:02}-28",
        "period_start": f"2026-{number + 1:02}-01",
        "period_end": f"2026-{number + 1:02}-28",
        "status": "approved",
    } | changes


def items(number):
    return [
        {"requisition_id": 2000 + number, "commitment_line_id": line_id}
        | dict(zip(COLUMNS, amounts, strict=True))
        for line_id, amounts in APPLICATIONS[number - 1].items()
    ]


def write(procore, applications=5):
    procore.write("commitments", commitment())
    procore.write("commitment_lines", *lines())
    for number in range(1, applications + 1):
        procore.write("requisitions", requisition(number))
        procore.write("requisition_items", *items(number))
