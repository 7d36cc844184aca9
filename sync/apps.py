from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"

    def ready(self) -> None:
        from mapping import waiting
        from sync import news
        from sync.waiting import WaitingBills

        waiting.provide(WaitingBills())
        news.listen()
