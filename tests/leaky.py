"""Views with every hole the probe has to find. Served to that test alone, never by the product."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.decorators import action
from rest_framework.response import Response

from companies.access import Action, requires
from companies.api import CompanyViewSet
from companies.models import Company, Membership
from config.urls import urlpatterns as product
from mapping.models import Mapping
from sync.models import Bill


@requires(Action.SEE_BILLS)
def of_any_company(request, pk):
    """Finds the bill by its id alone."""
    return HttpResponse(get_object_or_404(Bill, pk=pk).number)


def without_a_fence(request):
    return HttpResponse("nothing of anybody")


@requires(Action.PUBLISH)
def writes_by_an_id_in_the_body(request):
    """Trusts an id that a form sends."""
    Mapping.objects.filter(pk=request.POST.get("id") or 0).update(note="leaked")
    return HttpResponse(status=204)


def fenced_too_late(request, pk):
    """Changes first and asks for the right afterwards."""
    request.company.mappings.filter(pk=pk).update(note="leaked")
    return of_the_right_role(request)


@requires(Action.PUBLISH)
def of_the_right_role(request):
    return HttpResponse(status=204)


fenced_too_late.required_action = Action.PUBLISH


@requires(Action.SEE_BILLS)
def stumbles(request):
    raise ZeroDivisionError


@login_required
def outside_of_companies(request):
    return HttpResponse(Company.objects.get(slug="company-a").name)


def open_to_everybody(request):
    return HttpResponse(Membership.objects.filter(company__slug="company-a")[0].user.name)


class LeakyViewSet(CompanyViewSet):
    required = {"retrieve": Action.SEE_BILLS}
    answers = {}

    def retrieve(self, request, pk):
        return Response({"number": get_object_or_404(Bill, pk=pk).number})

    @action(detail=True, methods=["post"])
    def forgotten(self, request, pk):
        return Response({})


def asks_for_something_new(request, flavour):
    return HttpResponse(flavour)


leaks = [
    path("c/<slug:company>/leaky/<int:pk>/", of_any_company, name="of-any-company"),
    path("c/<slug:company>/unfenced/", without_a_fence, name="without-a-fence"),
    path("c/<slug:company>/writes/", writes_by_an_id_in_the_body, name="writes"),
    path("c/<slug:company>/late/<int:pk>/", fenced_too_late, name="fenced-too-late"),
    path("c/<slug:company>/stumbles/", stumbles, name="stumbles"),
    path("outside/", outside_of_companies, name="outside-of-companies"),
    path("open/", open_to_everybody, name="open-to-everybody"),
    path("leaky/<int:pk>/", LeakyViewSet.as_view({"get": "retrieve"}), name="leaky-api"),
    path("leaky/<int:pk>/f/", LeakyViewSet.as_view({"post": "forgotten"}), name="forgotten"),
    path("new/<str:flavour>/", asks_for_something_new, name="something-new"),
]
urlpatterns = [*product, *leaks]
