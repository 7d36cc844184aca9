"""Keeps a pull within Procore's spike window.

Source: Procore fact sheet, 2.6. A pull makes hundreds of calls and the window admits a few dozen in
ten seconds: without waiting, no long pull would ever end. The hourly limit is not waited for here;
it raises RateLimited, and whoever planned the pull plans it again.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import RateLimited
from connectors.http import Answer, Http

# A reset further away than this is the hourly one.
LONGEST_SPIKE_SECONDS = 15
TRIES = 3


@dataclass(kw_only=True)
class PacedHttp(Http):
    """Waits before a call that would be refused, and after one that was."""

    _free_at: float = 0.0

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        for _attempt in range(1, TRIES):
            self._wait()
            try:
                answer = super().get(path, params)
            except RateLimited as error:
                # Other workers share the window: their calls may have used it up.
                self._free_at = time.time() + error.wait.total_seconds()
                if error.wait.total_seconds() > LONGEST_SPIKE_SECONDS:
                    raise
            else:
                self._note(answer.headers)
                return answer
        self._wait()
        return super().get(path, params)

    def _note(self, headers: Mapping[str, str]) -> None:
        reset = headers.get("x-rate-limit-reset", "")
        if headers.get("x-rate-limit-remaining") == "0" and reset.isdecimal():
            self._free_at = float(reset)

    def _wait(self) -> None:
        seconds = self._free_at - time.time()
        self._free_at = 0.0
        if 0 < seconds <= LONGEST_SPIKE_SECONDS:
            self.sleep(seconds)
