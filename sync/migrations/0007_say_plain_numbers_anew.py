from django.db import migrations

from common.bill_numbers import plain_number


def say_anew(apps, schema_editor):
    bill = apps.get_model("sync", "Bill")
    changed = []
    for row in bill.objects.only("number", "plain_number").iterator(chunk_size=2000):
        plain = plain_number(row.number)[:200]
        if plain != row.plain_number:
            row.plain_number = plain
            changed.append(row)
    bill.objects.bulk_update(changed, ["plain_number"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("sync", "0006_bills_that_are_not_ours")]

    operations = [migrations.RunPython(say_anew, migrations.RunPython.noop)]
