from django.urls import path

from connectors import views

urlpatterns = [path("", views.callback, name="connect-callback")]
