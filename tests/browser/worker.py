"""A real worker on the database of the tests and on a builder's sandboxes."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from tests.browser.builder import refuse_any_database_but_the_tests


@contextmanager
def working(builder, log):
    """`manage.py work`, until the block ends."""
    refuse_any_database_but_the_tests()
    database = connection.settings_dict
    procore, quickbooks = builder.procore.url, builder.quickbooks.url
    told = {
        "DATABASE_URL": f"postgres://{database['USER']}:{database['PASSWORD']}@"
        f"{'' if database['HOST'].startswith('/') else database['HOST']}"
        f":{database['PORT']}/{database['NAME']}?host={database['HOST']}",
        "PROCORE_LOGIN_URL": procore,
        "PROCORE_API_URL": procore,
        "QBO_AUTHORIZE_URL": f"{quickbooks}/connect/oauth2",
        "QBO_TOKEN_URL": f"{quickbooks}/oauth2/v1/tokens/bearer",
        "QBO_REVOKE_URL": f"{quickbooks}/v2/oauth2/tokens/revoke",
        "QBO_API_URL": quickbooks,
        "QBO_APP_URL": f"{quickbooks}/app",
        "SENDING_FIRST_LOOK": "0",
        "SENDING_BACK_OFF": "0",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "work"],
            env={**os.environ, "VAR_DIR": str(settings.VAR_DIR), **told},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
