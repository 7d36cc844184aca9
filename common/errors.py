"""Failures we expect. The message is a sentence for the person who meets it."""


class AppError(Exception):
    """Something expected went wrong: the message says what happened, then what to do."""

    status = 422  # HTTP status used when the error reaches a page or the API
    retryable = False  # True when waiting may cure it; tasks read this, people do not


class NotAllowed(AppError):
    status = 403


class Conflict(AppError):
    """Somebody else was first, or the thing is no longer in a state that permits this."""

    status = 409
