"""Pages of exported files; part of connectors.urls and its names."""

from django.urls import path

from connectors.buildertrend.files import views

urlpatterns = [
    path("<int:pk>/files/", views.files, name="source-files"),
    path("<int:pk>/files/upload/", views.upload, name="upload-source-file"),
    path("files/<int:pk>/", views.file, name="source-file"),
    path("files/<int:pk>/columns/", views.columns, name="source-file-columns"),
    path("files/<int:pk>/jobs/", views.say_jobs, name="source-file-jobs"),
    path("files/<int:pk>/bring-in/", views.bring_in, name="bring-in-source-file"),
    path("files/<int:pk>/rows.csv", views.problems, name="source-file-problems"),
]
