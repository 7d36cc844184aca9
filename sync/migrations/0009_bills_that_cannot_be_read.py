from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0008_bills_that_others_sent"),
    ]

    operations = [
        migrations.AddField(
            model_name="bill",
            name="unreadable_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="bill",
            name="fault",
            field=models.CharField(
                blank=True,
                choices=[
                    ("not_approved", "not approved in the source"),
                    ("gone", "no longer in the source"),
                    ("comes_twice", "comes as an invoice of its own"),
                    ("no_bill", "is no vendor's bill"),
                    ("sent_by_another", "was sent by another integration"),
                    ("unreadable", "cannot be read now"),
                    ("no_vendor", "names no vendor we know"),
                    ("no_lines", "has no lines"),
                    ("no_cost_code", "a line has no cost code"),
                    ("no_cost_type", "a line has no cost type"),
                    ("does_not_add_up", "lines do not add up to its total"),
                    ("currency", "is in another currency"),
                    ("negative", "is negative"),
                    ("zero", "is zero"),
                ],
                max_length=16,
            ),
        ),
    ]
