"""News for apps further left."""

from django.dispatch import Signal

# An admin signed in again or resumed, or its first call came: `connection`. After the commit.
reconnected = Signal()

# An admin paused it: `connection`, `by`. After the commit.
paused = Signal()

# Which projects come to a company's books is about to change, within the transaction that saves
# it: `account`, `company`, `came` and `went` (external ids). A receiver may raise AppError.
projects_rerouted = Signal()

# A system that calls us is on the line: what waits for `connection` may go now.
connector_opened = Signal()

# How much waits for `connection`, of a system that calls us? Receivers answer with a number.
# `is_open`: it is on the line already, so what was tried in this session does not count again.
connector_asks = Signal()

# The rows of an exported file are kept: `file`. Sent after the commit.
brought_in = Signal()
