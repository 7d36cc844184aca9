from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mapping", "0002_suggestion_run_to_look_at")]

    operations = [
        migrations.AddField(
            "mapping",
            "runner_up",
            models.DecimalField(max_digits=4, decimal_places=3, null=True),
        ),
    ]
