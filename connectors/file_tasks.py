"""Entry point for the queue: carries an uploaded file on. It may run twice."""

from common import requests
from connectors import registry
from connectors.file_models import SourceFile

TASK = "connectors.file_tasks.work"


def work(file_id: int) -> None:
    requests.begin("file")
    file = SourceFile.objects.select_related("connection").get(pk=file_id)
    package = registry.package_of(file.connection)
    if package.work_file is not None:
        package.work_file(file)
