from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_bills_that_cannot_be_read")]

    operations = [
        migrations.AlterField(
            model_name="push",
            name="cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("held", "Held by the gate"),
                    ("refused", "Refused by the ledger"),
                    ("period_closed", "The period is closed"),
                    ("target_inactive", "A record is inactive in the ledger"),
                    ("access", "Access denied"),
                    ("consent", "The connection needs sign-in"),
                    ("suspended", "The ledger takes nothing now"),
                    ("busy", "The ledger is busy"),
                    ("unreachable", "The ledger cannot be reached"),
                    ("no_answer", "No answer came"),
                    ("number_taken", "The number is already used"),
                    ("possible_duplicate", "Possible duplicate"),
                    ("several_found", "Several documents carry our key"),
                    ("not_found", "Not found, and too late to send again"),
                    ("kills_workers", "Sending it keeps breaking off"),
                    ("differs", "The ledger shows something else"),
                ],
                max_length=20,
            ),
        )
    ]
