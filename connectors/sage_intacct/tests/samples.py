"""Calls written by hand, as the sheet shows them; what is said replaces or adds."""


def said(**columns: str) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in columns.items() if text)


def vendor(number: str, **more: str) -> str:
    columns = {"VENDORID": number, "NAME": f"Vendor {number}", **more}
    contact = f"<DISPLAYCONTACT><PRINTAS>{columns['NAME']}</PRINTAS></DISPLAYCONTACT>"
    return f"<create><VENDOR>{said(**columns)}{contact}</VENDOR></create>"


LINE = {
    "ACCOUNTNO": "5010",
    "TRX_AMOUNT": "12500.00",
    "ENTRYDESCRIPTION": "Framing labor",
    "LOCATIONID": "E100",
    "PROJECTID": "24-017",
    "TASKID": "03-110",
    "COSTTYPEID": "SUB",
}
BILL = {
    "VENDORID": "V-1042",
    "RECORDID": "RF-7781",
    "WHENCREATED": "03/02/2026",
    "WHENDUE": "04/01/2026",
}


def line(**changes: str) -> dict[str, str]:
    return {**LINE, **changes}


def bill(*lines: dict[str, str], **changes: str) -> str:
    """create APBILL: one usual line unless others are given; a blank text leaves a column out."""
    inside = "".join(
        f"<APBILLITEM>{said(**each)}</APBILLITEM>" for each in (lines or (LINE,)) if each
    )
    header = said(**{**BILL, **changes})
    return f"<create><APBILL>{header}<APBILLITEMS>{inside}</APBILLITEMS></APBILL></create>"
