"""The replay guard of QuickBooks: message sets that are kept until they are confirmed.

Source: section 7 and the 9001 row of section 6. How many are kept and for how long is not
established; here every one is, until it is confirmed.
"""

import hashlib
from dataclasses import dataclass

from connectors.sandboxing import Store

LONGEST_ID = 24
CLEAR_ALL = "ClearAllMessageSets"


@dataclass(frozen=True)
class Remembered:
    """What to answer without running the set: a status, and the responses where they are kept."""

    status: int
    responses: str = ""


class MessageSets:
    """The sets of one application in one company file."""

    def __init__(self, store: Store, application: str) -> None:
        self._store, self._application = store, application

    def recalled(self, text: str, new: str, old: str, *, is_empty: bool) -> Remembered | None:
        """The answer where the set is not to be run; None where it is.

        A confirmation (an old id beside another new one, or alone) deletes what was kept.
        """
        if max(len(new), len(old)) > LONGEST_ID and old != CLEAR_ALL:
            return Remembered(9004)
        if new and (kept := self._get(new)):
            if is_empty and old == new:
                return Remembered(0, kept["responses"])
            same = kept["checksum"] == _checksum(text)
            return Remembered(0, kept["responses"]) if same else Remembered(9001)
        if is_empty and new and old == new:
            return Remembered(9002)
        if old and old != new:
            known = self._confirm(old)
            if is_empty and not new:
                return Remembered(0 if known else 600)
        return None

    def keep(self, text: str, new: str, responses: str) -> None:
        kept = {
            "application": self._application,
            "id": new,
            "checksum": _checksum(text),
            "responses": responses,
        }
        self._store.put("message set", self._key(new), kept)

    def _confirm(self, old: str) -> bool:
        sets = [s for s in self._store.all("message set") if s["application"] == self._application]
        confirmed = [s for s in sets if old in {s["id"], CLEAR_ALL}]
        for each in confirmed:
            self._store.delete("message set", self._key(each["id"]))
        return bool(confirmed) or old == CLEAR_ALL

    def _get(self, key: str) -> dict[str, str] | None:
        return self._store.get("message set", self._key(key))

    def _key(self, key: str) -> str:
        return f"{self._application}/{key}"


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
