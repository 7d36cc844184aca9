"""What changes when a project of a shared source account goes to other books.

A bill that both sets of books have pulled must not leave from both. So whoever takes a project
takes none of which a bill was sent from elsewhere, and what the others still have of it is held.
"""

from common.errors import Conflict
from companies.models import Company
from connectors import routing
from sync import bringing
from sync.gate import Fix, Hold
from sync.models import Bill, Push


def reroute(*, account: str, company: Company, came: set[str], went: set[str]) -> None:
    """Within the transaction that saves the choice.

    Raises:
        Conflict: bills of a project were sent from other books, and would go a second time.
    """
    system, _colon, external_company_id = account.partition(":")
    at_account = Bill.objects.filter(
        connection__system=system, connection__external_company_id=external_company_id
    )
    elsewhere = at_account.exclude(company=company).filter(project__external_id__in=came)
    left = at_account.filter(company=company, project__external_id__in=went)
    for bills in (elsewhere, left):
        for owner in Company.objects.filter(pk__in=bills.values("company")).order_by("pk"):
            projects = set(bills.filter(company=owner).values_list("project", flat=True))
            bringing.bills_are_hidden(owner, list(projects))
    # Looked for last: whoever was claiming one of them has waited for the hold, or we for them.
    sent = Push.objects.filter(bill__in=elsewhere.values("pk")).perhaps_in_the_ledger()
    if first := sent.select_related("bill__project").first():
        raise Conflict(
            f"Bills of {first.bill.project} were sent to other books, and would go a second time,"
            " so nothing was saved. Leave that project where it is."
        )


def holds(bill: Bill) -> list[Hold]:
    """Asked once more as it is claimed: a reading that was under way when its project went to other
    books may have brought the bill back.
    """
    if routing.ours(bill.connection).filter(pk=bill.project_id).exists():
        return []
    return [
        Hold(
            "routing",
            f"Several companies share this account, and {bill.project} does not come to these"
            " books. An admin can choose its projects in Settings.",
            Fix.SETTINGS,
        )
    ]
