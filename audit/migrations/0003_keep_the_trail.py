from django.db import migrations


class Migration(migrations.Migration):
    """The database itself refuses to change or lose a line of the trail."""

    dependencies = [("audit", "0002_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
            CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'The trail is append-only: % is refused.', TG_OP
                    USING ERRCODE = 'insufficient_privilege';
            END $$;
            CREATE TRIGGER audit_entry_is_append_only
                BEFORE UPDATE OR DELETE ON audit_entry
                FOR EACH ROW EXECUTE FUNCTION audit_entry_is_append_only();
            CREATE TRIGGER audit_entry_is_never_emptied
                BEFORE TRUNCATE ON audit_entry
                FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_append_only();
            """,
            reverse_sql="""
            DROP TRIGGER audit_entry_is_never_emptied ON audit_entry;
            DROP TRIGGER audit_entry_is_append_only ON audit_entry;
            DROP FUNCTION audit_entry_is_append_only();
            """,
        )
    ]
