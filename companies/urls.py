from django.urls import path

from companies import views

app_name = "companies"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.invite, name="invite"),
    path("people/<int:pk>/role/", views.role, name="role"),
    path("people/<int:pk>/remove/", views.remove, name="remove"),
    path("people/invitations/<int:pk>/resend/", views.resend, name="resend"),
    path("people/invitations/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
]
