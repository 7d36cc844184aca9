import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0016_bills_are_judged_anew'),
    ]

    operations = [
        migrations.AddField(
            model_name='letgo',
            name='bills',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None),
        ),
    ]
