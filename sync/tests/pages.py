"""Addresses of the pages, and a browser that speaks as htmx does."""

from django.urls import reverse

HTMX = {"HX-Request": "true"}


def at(name, *args, company="acme"):
    return reverse(f"sync:{name}", args=[company, *args])


def text_of(response):
    return response.content.decode()
