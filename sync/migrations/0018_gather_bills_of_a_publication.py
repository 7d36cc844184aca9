from django.db import migrations

GATHER = """
    UPDATE sync_letgo first SET bills = every.bills
    FROM (SELECT min(id) AS id, array_agg(bill_id ORDER BY bill_id) AS bills
          FROM sync_letgo GROUP BY publication_id) every
    WHERE first.id = every.id;
    DELETE FROM sync_letgo other USING sync_letgo first
    WHERE other.publication_id = first.publication_id AND other.id > first.id;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0017_publications_keep_their_bills'),
    ]

    operations = [
        migrations.RunSQL(GATHER, migrations.RunSQL.noop),
    ]
