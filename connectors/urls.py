from django.urls import include, path

from connectors import upkeep_views, views, wizard_views

app_name = "connectors"
urlpatterns = [
    path("", views.connections, name="connections"),
    path("set-up/", wizard_views.set_up, name="set-up"),
    path("set-up/<slug:side>/", wizard_views.choose_system, name="choose-system"),
    path("<slug:system>/connect/", wizard_views.connect, name="connect"),
    path("<slug:system>/connect/<slug:way>/", wizard_views.connect_by, name="connect-by"),
    path("choose/<int:pk>/", views.choose, name="choose"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/connector/", wizard_views.connector, name="connector"),
    path("<int:pk>/connector/file/", wizard_views.connector_file, name="connector-file"),
    path("<int:pk>/projects/", upkeep_views.projects, name="projects"),
    path("<int:pk>/check/", upkeep_views.check, name="check"),
    path("<int:pk>/pause/", upkeep_views.pause, name="pause"),
    path("<int:pk>/resume/", upkeep_views.resume, name="resume"),
    path("<int:pk>/owner/", upkeep_views.owner, name="owner"),
    path("<int:pk>/disconnect/", upkeep_views.disconnect, name="disconnect"),
    path("", include("connectors.buildertrend.files.urls")),
    path("calls/<int:pk>/", views.call, name="call"),
    path("calls/<str:subject_type>/<int:subject_id>/", views.calls_of_document, name="calls"),
]
