"""Tries the setup of a company in Sage Intacct step by step, and says which step is missing.

The steps are those of section 2 of the reference sheet, in the order in which a person takes them.
Rights are tried by asking for one row. Whether we may enter a bill is not tried: the gateway knows
no dry run, and that a bill without lines is refused before the right is looked at is not
established. It shows at the first bill.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from common.choices import RecordKind
from connectors.errors import AccessDenied, ConnectorError
from connectors.packages import Check, Scope
from connectors.sage_intacct import asking
from connectors.sage_intacct.gateway import Gateway
from connectors.sage_intacct.refusals import SignInRefused, Step

ROLES = "Company › Admin › Roles"


@dataclass(frozen=True)
class Permission:
    """One line of the role's permissions: no more than is needed."""

    module: str
    screen: str  # as the permission is called there; our reading of the modules of section 2
    rights: tuple[str, ...]  # List, View, Add
    why: str
    object: str = ""  # which object is asked for to try it; blank where it cannot be tried
    kind: RecordKind | None = None

    @property
    def name(self) -> str:
        return f"{self.module} › {self.screen}: {', '.join(self.rights)}"


LOOK = ("List", "View")
NEEDED = (
    Permission("Accounts Payable", "Vendors", LOOK,
               "To show whom each vendor of the source may be mapped to.",
               "VENDOR", RecordKind.VENDOR),
    Permission("Accounts Payable", "Bills", LOOK,
               "To look for a bill before it is sent, so that none is entered twice.", "APBILL"),
    Permission("Accounts Payable", "Bills", ("Add",), "To enter the bills that people published."),
    Permission("Accounts Payable", "Account Labels", LOOK,
               "Where the company enters bills by labels, they are what cost codes map to.",
               "APACCOUNTLABEL"),
    Permission("Accounts Payable", "Terms", LOOK, "To work out a bill's due date.",
               "APTERM", RecordKind.TERM),
    Permission("Accounts Payable", "Payments", LOOK,
               "To tell the source which bills were paid. Without it the paid total of each bill is"
               " told.", "APPYMT"),
    Permission("General Ledger", "Accounts", LOOK,
               "To show what each cost code may be mapped to, and what each account demands.",
               "GLACCOUNT", RecordKind.ACCOUNT),
    Permission("Projects", "Projects", LOOK, "To show what each project may be mapped to.",
               "PROJECT", RecordKind.PROJECT),
    Permission("Projects", "Tasks", LOOK, "To name the task of each line.",
               "TASK", RecordKind.TASK),
    Permission("Construction", "Cost Types", LOOK, "To name the cost type of each line.",
               "COSTTYPE", RecordKind.COST_TYPE),
    Permission("Accounts Receivable", "Customers", LOOK,
               "To say whose job a new project is.", "CUSTOMER", RecordKind.CUSTOMER),
    Permission("Inventory Control", "Items", LOOK, "To show the items of the company.",
               "ITEM", RecordKind.ITEM),
    Permission("Company", "Locations", LOOK, "To name the location of each line.",
               "LOCATION", RecordKind.LOCATION),
    Permission("Company", "Departments", LOOK, "To name the department of a line.",
               "DEPARTMENT", RecordKind.DEPARTMENT),
    Permission("Company", "Classes", LOOK, "To name the class of a line.",
               "CLASS", RecordKind.CLASS),
    Permission("Accounts Payable", "Vendors", ("Add",),
               "Only if vendors are to be created from the mapping page."),
    Permission("Projects", "Projects", ("Add",),
               "Only if projects are to be created from the mapping page."),
    Permission("Accounts Receivable", "Customers", ("Add",),
               "Only if customers are to be created from the mapping page."),
)  # fmt: skip
SCOPES = tuple(Scope(name=each.name, why=each.why) for each in NEEDED)

LABELS: dict[Step, str] = {
    Step.SENDER: "Sage Intacct accepts Tieout's sender ID",
    Step.SUBSCRIPTION: "The Web Services subscription is on",
    Step.AUTHORIZATION: "Tieout's sender ID is authorized in the company",
    Step.USER: "The web-services user signs in",
    Step.ENTITY: "The entity is open to this user",
}


def check(gateway: Gateway, *, entity_id: str = "") -> list[Check]:
    """Every step, whatever became of it. Raises no ConnectorError."""
    try:
        gateway.sign_in()
    except SignInRefused as error:
        return [*_up_to(error.step, str(error), entity_id), *_not_tried()]
    except ConnectorError as error:  # our own sender, or no answer at all
        return [*_up_to(Step.SENDER, str(error), entity_id), *_not_tried()]
    good = (Check(label=LABELS[step], state=Check.State.OK) for step in _steps(entity_id))
    return [*good, *_rights(gateway)]


def _steps(entity_id: str) -> list[Step]:
    return [step for step in Step if step != Step.ENTITY or entity_id]


def _up_to(failed: Step, sentence: str, entity_id: str) -> Iterator[Check]:
    """Sage says only that something is wrong with the sign-in, or names the step: what it would
    look at before and after is not established, but for our own sender, which comes first (4.2).
    """
    for step in Step:
        if step == Step.ENTITY and not entity_id and failed != step:
            continue
        if step == failed:
            yield Check(label=LABELS[step], state=Check.State.FAILED, sentence=sentence)
        elif step == Step.SENDER:
            yield Check(label=LABELS[step], state=Check.State.OK)
        else:
            waits = f"Waits for this step: {LABELS[failed].lower()}."
            yield Check(label=LABELS[step], state=Check.State.NOT_TRIED, sentence=waits)


def _rights(gateway: Gateway) -> Iterator[Check]:
    for permission in NEEDED:
        yield _tried(permission, gateway) if permission.object else _later(permission)


def _tried(permission: Permission, gateway: Gateway) -> Check:
    """One row of the list, and that row whole: the rights to list and to view."""
    try:
        row = asking.newest(gateway, permission.object, ("RECORDNO",))
        if row is not None:
            asking.read(gateway, permission.object, [row["RECORDNO"]])
    except AccessDenied as error:
        mend = f"Allow it to the role of the web-services user under {ROLES}."
        sentence = f"{str(error).partition('. An admin')[0]}. {mend}"
        return Check(label=permission.name, state=Check.State.FAILED, sentence=sentence)
    except ConnectorError as error:
        return Check(label=permission.name, state=Check.State.FAILED, sentence=str(error))
    return Check(label=permission.name, state=Check.State.OK)


def _later(permission: Permission) -> Check:
    sentence = f"Sage Intacct offers no way to try this. It shows the first time. {permission.why}"
    return Check(label=permission.name, state=Check.State.NOT_TRIED, sentence=sentence)


def _not_tried() -> Iterator[Check]:
    for permission in NEEDED:
        sentence = "Tried once the web-services user signs in."
        yield Check(label=permission.name, state=Check.State.NOT_TRIED, sentence=sentence)
