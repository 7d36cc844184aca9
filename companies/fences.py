"""The database's own fence between companies.

A trigger on every foreign key between two company-owned tables refuses a row whose company is not
its target's. The triggers are written from the models after each migrate, so a new key cannot be
forgotten; a test compares them with the models all the same.
"""

from collections import defaultdict
from typing import Any

from django.apps import apps
from django.db import connection, models

PREFIX = "same_company"


def fenced_keys() -> dict[str, list[tuple[str, str]]]:
    """Table name to (column, table it points to), for every key between company-owned tables."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for model in apps.get_models():
        if not _is_owned(model):
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and _is_owned(field.related_model):
                target: type[models.Model] = field.related_model
                found[model._meta.db_table].append((field.column, target._meta.db_table))
    return dict(found)


def build_fences(**_kwargs: Any) -> None:
    """Write the triggers of every table that exists. Runs after each migrate."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        for table, keys in fenced_keys().items():
            if table in existing and all(target in existing for _column, target in keys):
                cursor.execute(_trigger(table, keys))


def _is_owned(model: Any) -> bool:
    return any(field.column == "company_id" for field in model._meta.concrete_fields)


def _trigger(table: str, keys: list[tuple[str, str]]) -> str:
    # Names come from our own models, never from outside.
    checks = "\n".join(
        f"""
        IF NEW.{column} IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM {target} WHERE id = NEW.{column} AND company_id = NEW.company_id
        ) THEN
            RAISE EXCEPTION '{table}.{column} points to another company'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;"""  # noqa: S608
        for column, target in keys
    )
    columns = ", ".join(["company_id", *(column for column, _target in keys)])
    name = f"{PREFIX}_{table}"
    return f"""
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {checks}
        RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER {name} BEFORE INSERT OR UPDATE OF {columns} ON {table}
        FOR EACH ROW EXECUTE FUNCTION {name}();
    """
