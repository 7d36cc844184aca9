"""The database itself keeps companies apart."""

import pytest
from django.db import IntegrityError, connection, transaction

from companies.fences import PREFIX, fenced_keys
from companies.tests.factories import CompanyFactory
from connectors.models import Record
from connectors.tests.factories import ConnectionFactory, RecordFactory

pytestmark = pytest.mark.django_db


def triggers():
    """Table to the columns its fence's trigger fires on."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, array_agg(a.attname ORDER BY a.attname)
            FROM pg_trigger t
            JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (t.tgattr)
            WHERE t.tgname = %s || '_' || c.relname AND t.tgenabled = 'O' AND NOT t.tgisinternal
            GROUP BY c.relname
            """,
            [PREFIX],
        )
        return dict(cursor.fetchall())


def test_every_key_between_company_owned_tables_has_its_trigger():
    wanted = {
        table: sorted(["company_id", *(column for column, _target in keys)])
        for table, keys in fenced_keys().items()
    }

    assert wanted
    assert triggers() == wanted


def test_the_keys_we_know_are_among_them():
    keys = fenced_keys()

    assert ("connection_id", "connectors_connection") in keys["connectors_record"]
    assert ("source_id", "connectors_record") in keys["mapping_mapping"]
    assert ("retainage_account_id", "connectors_record") in keys["companies_companysettings"]


def test_a_row_cannot_point_into_another_company():
    company, theirs = CompanyFactory(), ConnectionFactory()

    with pytest.raises(IntegrityError, match="points to another company"), transaction.atomic():
        RecordFactory(company=company, connection=theirs)


def test_a_row_cannot_move_to_another_company():
    record = RecordFactory()

    with pytest.raises(IntegrityError, match="points to another company"), transaction.atomic():
        Record.objects.filter(pk=record.pk).update(company=CompanyFactory())


def test_a_setting_cannot_name_another_companys_account():
    settings = CompanyFactory().settings
    settings.retainage_account = RecordFactory(retainage_account=True)

    with pytest.raises(IntegrityError, match="points to another company"), transaction.atomic():
        settings.save()


@pytest.mark.parametrize("table", sorted(fenced_keys()))
def test_each_trigger_refuses_a_row_of_two_companies(table):
    """Every fence is tried: its function runs with a key that no row of the company has."""
    company = CompanyFactory()
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [f"{PREFIX}_{table}"])
        (source,) = cursor.fetchone()
    for column, target in fenced_keys()[table]:
        assert f"FROM {target} WHERE id = NEW.{column} AND company_id = NEW.company_id" in source

        # Every other column stays null: a BEFORE trigger speaks before NOT NULL does.
        with (
            pytest.raises(IntegrityError, match="points to another company"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT INTO {table} (company_id, {column}) VALUES (%s, -1)",  # noqa: S608
                [company.pk],
            )
