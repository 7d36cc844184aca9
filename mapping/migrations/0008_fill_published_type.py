"""Mappings in force learn the type their target has now, which is the one it was published with."""

from django.db import migrations

FILL = """
    UPDATE mapping_mapping mapping SET published_type = target.type
    FROM connectors_record target
    WHERE target.id = mapping.target_id AND mapping.state = 'published' AND mapping.stale = ''
"""


class Migration(migrations.Migration):
    dependencies = [("mapping", "0007_mapping_published_type")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
