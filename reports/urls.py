from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("", views.trail, name="trail"),
    path("acts/<int:pk>/", views.act, name="act"),
    path("export/", views.export, name="export"),
]
