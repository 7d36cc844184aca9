"""Secrets at rest: AES-256-GCM, bound to the very row and column they belong to.

A stored value is `v1.<key id>.<base64 of nonce and ciphertext>`. Its associated data is
`company|table|row|column`, so a value copied to another company's row does not open. Keys come
from TIEOUT_KEYS, newest first, never from SECRET_KEY.
"""

import base64
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

Secret = dict[str, Any]
NONCE_BYTES = 12


class Sealed(Exception):
    """A stored secret does not open: wrong key, or it was moved or altered. Never shown raw."""


class SecretField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """Holds ciphertext only. `seal()` and `unseal()` are the two ways in and out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", "")
        kwargs.setdefault("blank", True)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)


def seal(row: models.Model, column: str, secret: Secret | None) -> None:
    """Put `secret` into a SecretField of `row`; the caller saves. None empties it."""
    if secret is None:
        setattr(row, column, "")
        return
    key_id, key = next(iter(keys().items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    text = json.dumps(secret).encode()
    sealed = nonce + AESGCM(key).encrypt(nonce, text, _place(row, column))
    setattr(row, column, f"v1.{key_id}.{base64.b64encode(sealed).decode()}")


def unseal(row: models.Model, column: str) -> Secret | None:
    """The secret in a SecretField of `row`; None when it is empty.

    Raises:
        Sealed: the key is unknown, or the value does not belong to this row and column.
    """
    value: str = getattr(row, column)
    if not value:
        return None
    try:
        version, key_id, encoded = value.split(".", 2)
        if version != "v1":
            raise Sealed(f"A secret has the unknown form {version!r}.")
        blob = base64.b64decode(encoded)
        key = keys()[key_id]
        text = AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], _place(row, column))
    except KeyError as error:
        raise Sealed(f"TIEOUT_KEYS lacks the key {error}, which a stored secret needs.") from None
    except (ValueError, InvalidTag):
        raise Sealed("A stored secret does not open in the place where it lies.") from None
    secret: Secret = json.loads(text)
    return secret


def keys() -> dict[str, bytes]:
    """Key id to key, newest first."""
    found = {}
    for entry in settings.TIEOUT_KEYS.split(","):
        key_id, _, encoded = entry.strip().partition(":")
        key = base64.b64decode(encoded)
        if len(key) != 32 or not key_id.isalnum():
            raise ImproperlyConfigured(
                "TIEOUT_KEYS has to be a list of '<id>:<32 bytes in base64>', newest first."
            )
        found[key_id] = key
    return found


def _place(row: models.Model, column: str) -> bytes:
    # `row_key` is a random id made with the row, so a secret can be sealed before the row is saved.
    return f"{row.company_id}|{row._meta.db_table}|{row.row_key}|{column}".encode()  # type: ignore[attr-defined]
