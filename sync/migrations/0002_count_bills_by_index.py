from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('companies', '0003_medium_is_not_above_high'),
        ('connectors', '0002_consent_request_keeps_a_choice'),
        ('sync', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='push',
            name='pushes_by_state',
        ),
        migrations.AddIndex(
            model_name='bill',
            index=models.Index(fields=['company', 'project'], include=('id', 'total', 'readiness', 'fault', 'bill_date', 'version', 'vendor', 'kind', 'number'), name='bills_counted'),
        ),
        migrations.AddIndex(
            model_name='push',
            index=models.Index(fields=['company', 'state', 'bill'], include=('version',), name='pushes_counted'),
        ),
    ]
