"""People, what a company has decided, and each person's own account."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


@login_required
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "base.html")


def join(request: HttpRequest, token: str) -> HttpResponse:
    return render(request, "base.html")
