from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CompaniesConfig(AppConfig):
    name = "companies"

    def ready(self) -> None:
        from companies.fences import build_fences

        post_migrate.connect(build_fences, sender=self, dispatch_uid="companies.fences")
