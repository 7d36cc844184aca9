from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"

    def ready(self) -> None:
        from mapping import offering, waiting
        from sync import news, offers
        from sync.waiting import WaitingBills

        waiting.provide(WaitingBills())
        offering.provide(offers.offer)
        news.listen()
