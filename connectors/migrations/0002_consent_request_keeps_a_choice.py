import uuid

from django.db import migrations, models

import connectors.vault


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='consentrequest',
            name='row_key',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name='consentrequest',
            name='credentials',
            field=connectors.vault.SecretField(blank=True, default='', editable=False),
        ),
    ]
