from django.urls import path

from mapping import trust_views

app_name = "matching"
urlpatterns = [path("", trust_views.matching, name="settings")]
