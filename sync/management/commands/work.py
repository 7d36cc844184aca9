"""`manage.py work`: the queue's workers, watched, and the sweep that no lost bell outlives."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sync.supervising import Supervisor


class Command(BaseCommand):
    help = "Run the queue's workers and keep them alive."

    def handle(self, *args: Any, **options: Any) -> None:
        Supervisor(manage=settings.BASE_DIR / "manage.py").run()
