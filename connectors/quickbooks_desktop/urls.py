from django.urls import path

from connectors.quickbooks_desktop import views

urlpatterns = [path("<uuid:row_key>/", views.web_connector, name="qbwc")]
