"""What we ask of django-allauth."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    # The same words whether the address is known or not.
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and this password do not go together. Check"
        " both, or choose a new password with “Forgot your password?”.",
        "too_many_login_attempts": "Too many wrong tries. Wait five minutes, then try again, or"
        " choose a new password with “Forgot your password?”.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come in by invitation only."""
        return False
