"""News for apps further left."""

from django.dispatch import Signal

# An admin signed in again or resumed, or its first call came: `connection`. After the commit.
reconnected = Signal()

# A system that calls us is on the line: `connection`, and `is_open`, which is False while it only
# asks whether anything waits. When it is True, receivers ring what waits for it. Each answers with
# the number of things that wait, or None.
connector_called = Signal()

# An admin paused it: `connection`, `by`. After the commit.
paused = Signal()

# Which projects come to a company's books is about to change, within the transaction that saves
# it: `account`, `company`, `came` and `went` (external ids). A receiver may raise AppError.
projects_rerouted = Signal()
