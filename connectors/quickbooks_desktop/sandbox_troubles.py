"""What can go wrong on the machine with QuickBooks, each on order."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "wrong_password",  # the person typed another one
    "cannot_open",  # QuickBooks lets nobody in: connectionError with `hresult`
    "cannot_run",  # QuickBooks takes this request not: `hresult` instead of a response
    "stop_after_send",  # the machine stops with a request in hand that was not run
    "lose_answer",  # QuickBooks ran it, and the machine stops before the answer is delivered
    "lose_reply",  # the answer is delivered, and what we say to it never arrives
    "replay",  # the answer is delivered twice
    "kill",  # the Web Connector is ended between two requests
    "switch_file",  # between two requests the person opens another company file
]


@dataclass
class Trouble:
    """One ordered trouble, for the next `times` requests once `after` others went well."""

    kind: Kind
    hresult: str = "0x80040414"
    after: int = 0
    times: int = 1


class Troubles:
    """What is ordered. A trouble counts down as it strikes."""

    def __init__(self) -> None:
        self.ordered: list[Trouble] = []

    def order(self, trouble: Trouble) -> None:
        self.ordered.append(trouble)

    def clear(self) -> None:
        self.ordered.clear()

    def strikes(self, kind: Kind) -> Trouble | None:
        """The trouble of this kind whose turn it is. Asking lets one request pass."""
        for trouble in self.ordered:
            if trouble.kind == kind and trouble.times > 0:
                if trouble.after > 0:
                    trouble.after -= 1
                    return None
                trouble.times -= 1
                return trouble
        return None
