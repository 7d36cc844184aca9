from django.urls import path

from connectors import hook_views

app_name = "hooks"
urlpatterns = [
    path("<uuid:row_key>/", hook_views.connection, name="connection"),
    path("<slug:system>/", hook_views.system, name="system"),
]
