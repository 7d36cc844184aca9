"""The REST API of one company, which the token names, and the page that describes it."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from config import api_docs
from connectors.api import RecordViewSet
from mapping.api import MappingViewSet, PublicationViewSet
from reports.api import EntryViewSet
from sync.api import BillViewSet, PushViewSet

router = SimpleRouter()
router.register("mappings", MappingViewSet, basename="mapping")
router.register("publications", PublicationViewSet, basename="publication")
router.register("bills", BillViewSet, basename="bill")
router.register("pushes", PushViewSet, basename="push")
router.register("records", RecordViewSet, basename="record")
router.register("trail", EntryViewSet, basename="entry")

app_name = "api"
urlpatterns = [
    path("", api_docs.docs, name="docs"),
    path("schema.json", api_docs.schema_json, name="schema"),
    *router.urls,
]
