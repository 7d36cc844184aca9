from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("", views.trail, name="trail"),
    path("acts/<int:pk>/", views.act, name="act"),
    path("export/", views.export, name="export"),
]
