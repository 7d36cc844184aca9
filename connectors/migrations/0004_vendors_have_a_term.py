from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0003_list_records_by_index")]

    operations = [
        migrations.AddField(
            model_name="record",
            name="term_id",
            field=models.CharField(blank=True, default="", max_length=120),
            preserve_default=False,
        )
    ]
