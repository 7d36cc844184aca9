"""One include per app. Everything of a company lies below /c/<company>/."""

from django.urls import include, path

from companies import views as people
from config import help, styleguide  # noqa: A004  # the page is called help
from sync.views import health

company = [
    path("", include("sync.urls")),
    path("mappings/", include("mapping.urls")),
    path("audit/", include("reports.urls")),
    path("settings/", include("companies.urls")),
    path("settings/connections/", include("connectors.urls")),
    path("settings/matching/", include("mapping.settings_urls")),
]

urlpatterns = [
    path("", people.home, name="home"),
    path("account/preferences/", people.preferences, name="preferences"),
    path("account/tokens/", people.tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", people.revoke_token, name="revoke-token"),
    path("account/", include("allauth.urls")),
    path("join/<str:token>/", people.join, name="join"),
    path("help/keys/", help.keys, name="keys-help"),
    path("health", health.health, name="health"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("connect/callback/", include("connectors.callback_urls")),
    path("qbwc/", include("connectors.quickbooks_desktop.urls")),
    path("hooks/", include("connectors.hook_urls")),
    path("api/v1/", include("config.api_urls")),
    path("c/<slug:company>/", include(company)),
]
