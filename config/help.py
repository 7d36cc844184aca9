"""The page of all shortcuts, also shown in a dialog."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

KEYS = [
    (
        "Rows",
        [
            (("J", "↓"), "Next row"),
            (("K", "↑"), "Previous row"),
            (("X",), "Select the row"),
            (("Shift X",), "Select up to here"),
            (("N",), "Next 50 rows"),
        ],
    ),
    (
        "Decide",
        [
            (("A",), "Accept the draft and go to the next one"),
            (("O",), "Override: choose another record"),
            (("L",), "Leave for later"),
            (("Shift A",), "Accept all that are selected"),
            (("Shift L",), "Leave all that are selected"),
            (("U",), "Undo this row"),
            (("Ctrl Z", "⌘ Z"), "Undo my last decision on this page"),
            (("P",), "Review and publish"),
        ],
    ),
    (
        "Look closer",
        [
            (("E", "→"), "Open or close compare"),
            (("←",), "Close compare"),
            (("1 – 5",), "Take that candidate, while compare is open"),
            (("Esc",), "Close what is open"),
        ],
    ),
    ("Anywhere", [(("/",), "Search this page"), (("?",), "Show all keys")]),
]


@login_required
def keys(request: HttpRequest) -> HttpResponse:
    fragment = request.headers.get("HX-Request") == "true"
    template = "help/_dialog.html" if fragment else "help/keys.html"
    return render(request, template, {"groups": KEYS})
