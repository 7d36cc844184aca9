from django.urls import path

from connectors import views

app_name = "connectors"
urlpatterns = [
    path("", views.connections, name="connections"),
    path("<slug:system>/connect/", views.connect, name="connect"),
    path("choose/<int:pk>/", views.choose, name="choose"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/disconnect/", views.disconnect, name="disconnect"),
    path("calls/<int:pk>/", views.call, name="call"),
    path("calls/<str:subject_type>/<int:subject_id>/", views.calls_of_document, name="calls"),
]
