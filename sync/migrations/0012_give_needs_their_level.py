from django.db import migrations
from django.db.models import F

LEVELS = {"cost_code": 5, "cost_type": 6}


def fill(apps, _editor):
    """So far each need stood for itself, and those of both line kinds were kept."""
    BillNeed = apps.get_model("sync", "BillNeed")
    CompanySettings = apps.get_model("companies", "CompanySettings")
    for company, granularity in CompanySettings.objects.values_list("company", "granularity"):
        unused = set(LEVELS) - {granularity}
        BillNeed.objects.filter(company=company, kind__in=unused).delete()
    BillNeed.objects.update(about=F("record"))
    for kind, level in LEVELS.items():
        BillNeed.objects.filter(kind=kind).update(level=level)


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0004_pairs_either_style_and_a_default"),
        ("sync", "0011_needs_have_levels"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
