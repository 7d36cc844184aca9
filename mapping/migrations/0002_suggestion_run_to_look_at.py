from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mapping", "0001_initial")]

    operations = [
        migrations.AddField("suggestionrun", "to_look_at", models.PositiveIntegerField(default=0)),
    ]
