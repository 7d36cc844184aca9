"""Settings of the crash test: a watcher that may end the process, and a queue that asks sooner.

The times of sending are shortened through the environment, as `benchmarks/crash.py` does.
"""

from config.settings import *  # noqa: F403
from config.settings import Q_CLUSTER

SENDING_WATCHER = "benchmarks.crash_watcher.watch"
# A bell that was lost with its worker is heard again after `retry` seconds.
Q_CLUSTER = {**Q_CLUSTER, "timeout": 9, "retry": 40, "poll": 0.2}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # the report has the console
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
