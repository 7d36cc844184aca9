"""Bills and commitments as the source has them, what each bill needs, and its way to the ledger."""

from sync.models.around import Commitment, CommitmentLine, LedgerBill, ProjectTeam
from sync.models.bills import Approval, Bill, BillLine, BillNeed, LetGo, Push, Readiness
from sync.models.creations import RecordCreation
from sync.models.payments import LedgerPayment, PaidNotice, PaymentShare
from sync.models.runs import Judging, PullProblem, PullStep, Run, WorkerMark

__all__ = [
    "Approval",
    "Bill",
    "BillLine",
    "BillNeed",
    "Commitment",
    "CommitmentLine",
    "Judging",
    "LedgerBill",
    "LedgerPayment",
    "LetGo",
    "PaidNotice",
    "PaymentShare",
    "ProjectTeam",
    "PullProblem",
    "PullStep",
    "Push",
    "Readiness",
    "RecordCreation",
    "Run",
    "WorkerMark",
]
