"""What the columns of a file with unknown heads are: said once by a person, kept by the heads."""

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.errors import AppError, Conflict
from companies.models import User
from connectors.buildertrend.files import importing
from connectors.buildertrend.files.families import BY_KIND, List
from connectors.buildertrend.files.headers import fingerprint
from connectors.file_models import SourceFile


@transaction.atomic
def say(file: SourceFile, kind: List, columns: dict[str, int], *, by: User) -> SourceFile:
    """Keep what the columns of files with these heads are, and read the file again.

    Raises:
        AppError: a column that the list cannot do without was not named, or one was named twice.
        Conflict: the file no longer asks.
    """
    file = SourceFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if file.state != SourceFile.State.NEEDS_COLUMNS:
        raise Conflict("This file's columns were said already. Open it to see what it comes to.")
    layout, heads = BY_KIND[kind], list(file.asks["heads"])
    if lacking := layout.needed - columns.keys():
        labels = sorted(layout.field(name).label for name in lacking)
        raise AppError(f"Say which column holds {' and which holds '.join(labels)}.")
    if len(set(columns.values())) < len(columns):
        raise AppError("One column was chosen for two things. Choose another one for one of them.")
    if not all(0 <= at < len(heads) for at in columns.values()):
        raise AppError("That column is not in the file. Choose another one.")
    file.company.column_maps.update_or_create(
        fingerprint=fingerprint(heads),
        defaults={
            "heads": heads,
            "kind": kind,
            "columns": columns,
            "saved_by": by,
            "saved_at": timezone.now(),
        },
    )
    file.asks = {}
    importing.read_anew(file)
    said = {layout.field(name).label: heads[at] for name, at in columns.items()}
    trail.record(Verb.CONFIRMED, file, by=by, after={"list": kind.label, "columns": said})
    return file
