from django.urls import path, register_converter

from mapping import (
    asking_views,
    decision_views,
    file_views,
    level_views,
    publication_views,
    publish_views,
    together_views,
    views,
)
from mapping.models import Kind


class KindConverter:
    regex = "|".join(kind.slug for kind in Kind)

    def to_python(self, value: str) -> Kind:
        return next(kind for kind in Kind if kind.slug == value)

    def to_url(self, value: Kind | str) -> str:
        return value.slug if isinstance(value, Kind) else value


register_converter(KindConverter, "mapping_kind")

app_name = "mapping"
KIND = "<mapping_kind:kind>/"
ROW = KIND + "<int:pk>/"
urlpatterns = [
    path("", views.hub, name="hub"),
    path("publish/", publish_views.publish, name="publish"),
    path("publish/bills/", publish_views.bills, name="publish-bills"),
    path("unpublish/", publication_views.unpublish, name="unpublish"),
    path("publications/", publication_views.publications, name="publications"),
    path("publications/compare/", publication_views.compare, name="compare-publications"),
    path("publications/compare.csv", publication_views.compared_csv, name="compared-csv"),
    path("publications/<int:number>/", publication_views.publication, name="publication"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/asked/", asking_views.asked, name="asked"),
    path("files/<int:pk>/", file_views.file, name="file"),
    path("files/<int:pk>/bring-in/", file_views.apply, name="apply-file"),
    path(KIND, views.review, name="review"),
    path(KIND + "around/", views.around, name="around"),
    path(KIND + "export.csv", file_views.export, {"form": "csv"}, name="export-csv"),
    path(KIND + "export.xlsx", file_views.export, {"form": "xlsx"}, name="export-xlsx"),
    path(KIND + "upload/", file_views.upload, name="upload"),
    path(KIND + "clone/", file_views.clone, name="clone"),
    path(KIND + "draft/", views.draft, name="draft"),
    path(KIND + "accept-many/", together_views.accept_many, name="accept-many"),
    path(KIND + "leave-many/", together_views.leave_many, name="leave-many"),
    path(KIND + "undo-together/", together_views.undo_together, name="undo-together"),
    path(ROW, views.detail, name="detail"),
    path(ROW + "compare/", views.compare, name="compare"),
    path(ROW + "options/", decision_views.options, name="options"),
    path(ROW + "accept/", decision_views.accept, name="accept"),
    path(ROW + "override/", decision_views.override, name="override"),
    path(ROW + "leave/", decision_views.leave, name="leave"),
    path(ROW + "no-match/", decision_views.no_match, name="no-match"),
    path(ROW + "undo/", decision_views.undo, name="undo"),
    path(ROW + "like/", together_views.like, name="like"),
    path(ROW + "comment/", decision_views.comment, name="comment"),
    path(ROW + "along/", level_views.along, name="along"),
    path(ROW + "projects/", level_views.projects, name="projects"),
    path(ROW + "confirm/", publication_views.confirm, name="confirm"),
]
