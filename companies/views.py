"""People, what a company has decided, and each person's own account."""

from collections.abc import Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.errors import Conflict
from common.middleware import with_toast
from companies import deciding, inviting
from companies import tokens as api_tokens
from companies.access import ALLOWED, Action, CompanyRequest, check, may, refusal, requires
from companies.forms import (
    InviteForm,
    JoinForm,
    PreferencesForm,
    RoleForm,
    SettingsForm,
    TokenForm,
)
from companies.models import ApiToken, Company, CompanySettings, Membership, Role, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class SignedIn(HttpRequest):
    user: User


# --- People ---------------------------------------------------------------------------------------


@require_safe
@requires(Action.SEE_SETTINGS)
def people(request: CompanyRequest) -> HttpResponse:
    return _people(request)


@require_POST
@requires(Action.MANAGE_PEOPLE)
def invite(request: CompanyRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people(request, invite_form=form, status=422)
    try:
        invited = inviting.invite(
            request.company,
            email=form.cleaned_data["email"],
            role=Role(form.cleaned_data["role"]),
            by=request.user,
        )
    except Conflict as conflict:
        form.add_error("email", str(conflict))
        return _people(request, invite_form=form, status=422)
    return _people(request, invited=invited)


@require_POST
@requires(Action.MANAGE_PEOPLE)
def role(request: CompanyRequest, pk: int) -> HttpResponse:
    membership = get_object_or_404(_members(request.company), pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _people(request, problem="Choose one of the roles.", status=422)
    wanted = Role(form.cleaned_data["role"])
    try:
        inviting.change_role(membership, wanted, by=request.user)
    except Conflict as conflict:
        return _people(request, problem=str(conflict), status=409)
    said = f"{membership.user} is {_a(wanted)} from the next page on."
    return _people_saved(request, said, lowered=membership.user == request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_PEOPLE)
def remove(request: CompanyRequest, pk: int) -> HttpResponse:
    membership = get_object_or_404(_members(request.company), pk=pk)
    if request.method != "POST":
        template = "companies/_remove.html" if request.htmx else "companies/remove.html"
        return render(request, template, {"membership": membership})
    try:
        inviting.remove(membership, by=request.user)
    except Conflict as conflict:
        return _people(request, problem=str(conflict), status=409)
    if membership.user == request.user:
        messages.success(request, f"You left {request.company}.")
        return _go(request, "home")
    return _people_saved(request, f"{membership.user} is out, with every API token made here.")


@require_POST
@requires(Action.MANAGE_PEOPLE)
def resend(request: CompanyRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(request.company.invitations.filter(accepted_at=None), pk=pk)
    try:
        invited = inviting.resend(invitation, by=request.user)
    except Conflict as conflict:
        return _people(request, problem=str(conflict), status=409)
    return _people(request, invited=invited)


@require_POST
@requires(Action.MANAGE_PEOPLE)
def withdraw(request: CompanyRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(request.company.invitations.filter(accepted_at=None), pk=pk)
    try:
        inviting.withdraw(invitation, by=request.user)
    except Conflict as conflict:
        return _people(request, problem=str(conflict), status=409)
    return _people_saved(request, f"The invitation of {invitation.email} is withdrawn.")


def _members(company: Company) -> Any:
    two_step = Authenticator.objects.filter(user=OuterRef("user")).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    return (
        company.memberships.select_related("user", "company")
        .annotate(has_two_step=Exists(two_step))
        .order_by("user__name", "pk")
    )


def _people(
    request: CompanyRequest,
    *,
    invite_form: InviteForm | None = None,
    invited: inviting.Invited | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    members = list(_members(request.company))
    admins = [member for member in members if member.role == Role.ADMIN and member.user.is_active]
    manages = may(request.membership, Action.MANAGE_PEOPLE)
    context = {
        "members": members,
        "only_admin": admins[0] if len(admins) == 1 else None,
        "invitations": request.company.invitations.filter(accepted_at=None).order_by("pk"),
        "now": timezone.now(),
        "roles": Role.choices,
        "rights": [(action.label, [action in ALLOWED[role] for role in Role]) for action in Action],
        "manages": manages,
        "refusal": "" if manages else refusal(request.company, Action.MANAGE_PEOPLE),
        "invite_form": invite_form or InviteForm(),
        "invited": invited,
        "problem": problem,
    }
    template = "companies/_people.html" if request.htmx else "companies/people.html"
    response = render(request, template, context, status=status)
    return with_toast(response, problem, level="error") if problem and request.htmx else response


def _people_saved(request: CompanyRequest, said: str, *, lowered: bool = False) -> HttpResponse:
    if request.htmx and not lowered:
        return with_toast(_people(request), said, level="success")
    messages.success(request, said)
    return _go(request, "companies:people", request.company.slug)


def _a(role: Role) -> str:
    word = role.label.lower()
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _go(request: Any, name: str, *args: object) -> HttpResponse:
    """To another page, also from a fragment."""
    answer = redirect(name, *args)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


# --- What a company has decided -------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEE_SETTINGS)
def settings(request: CompanyRequest) -> HttpResponse:
    if request.method != "POST":
        return _settings(request, SettingsForm(instance=_decided(request.company)))
    check(request.membership, Action.CHANGE_SETTINGS)
    form = SettingsForm(request.POST, instance=_decided(request.company))
    if not form.is_valid():
        return _settings(request, form, status=422)
    said = deciding.consequences(request.company, form.differing)
    if said and request.POST.get("understood") != " ".join(said):
        return _settings(request, form, consequences=said)
    try:
        changed = deciding.change(
            request.company,
            form.decided,
            by=request.user,
            version=form.cleaned_data["version"],
        )
    except deciding.ChangedMeanwhile as conflict:
        fresh = SettingsForm(instance=_decided(request.company))
        return _settings(request, fresh, problem=str(conflict), status=409)
    messages.success(request, "Settings saved." if changed else "Nothing was different.")
    return redirect("companies:settings", request.company.slug)


def _settings(
    request: CompanyRequest,
    form: SettingsForm,
    *,
    problem: str = "",
    consequences: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    changes = may(request.membership, Action.CHANGE_SETTINGS)
    context = {
        "form": form,
        "changes": changes,
        "refusal": "" if changes else refusal(request.company, Action.CHANGE_SETTINGS),
        "problem": problem,
        "under_way": deciding.under_way(request.company),
        "consequences": consequences,
        "understood": " ".join(consequences),
    }
    return render(request, "companies/settings.html", context, status=status)


def _decided(company: Company) -> CompanySettings:
    """As it is now; not the one every page reads, because a form writes into it."""
    return CompanySettings.objects.select_related("retainage_account").get(company=company)


# --- One's own account ----------------------------------------------------------------------------


@require_safe
@login_required
def home(request: SignedIn) -> HttpResponse:
    companies = list(Company.objects.filter(memberships__user=request.user).order_by("name"))
    if len(companies) == 1:
        return redirect(companies[0])
    return render(request, "companies/home.html", {"companies": companies})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def preferences(request: SignedIn) -> HttpResponse:
    # A copy: a form that is refused must not change how this very page looks.
    person = User.objects.get(pk=request.user.pk)
    form = PreferencesForm(request.POST or None, instance=person)
    if request.method == "POST":
        if form.is_valid():
            form.save()
            messages.success(request, "Preferences saved.")
            return redirect("preferences")
        return render(request, "account/preferences.html", {"form": form}, status=422)
    return render(request, "account/preferences.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: SignedIn) -> HttpResponse:
    if request.method != "POST":
        return _tokens(request, TokenForm(user=request.user))
    form = TokenForm(request.POST, user=request.user)
    if not form.is_valid():
        return _tokens(request, form, status=422)
    membership = get_object_or_404(
        Membership.objects.select_related("company", "user"),
        company=form.cleaned_data["company"],
        user=request.user,
    )
    token, text = api_tokens.make(membership, name=form.cleaned_data["name"])
    # Shown in the answer itself: kept nowhere, not even in the session.
    return _tokens(request, TokenForm(user=request.user), made=token, text=text)


@require_POST
@login_required
def revoke_token(request: SignedIn, pk: int) -> HttpResponse:
    token = get_object_or_404(request.user.api_tokens, pk=pk)
    api_tokens.revoke(token, by=request.user)
    messages.success(request, f"The token {token} is revoked. It opens nothing any more.")
    return redirect("tokens")


def _tokens(
    request: SignedIn,
    form: TokenForm,
    *,
    made: ApiToken | None = None,
    text: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "made": made,
        "text": text,
        "now": timezone.now(),
        "tokens": request.user.api_tokens.select_related("company").order_by("-pk"),
    }
    return render(request, "companies/tokens.html", context, status=status)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The door an invitation opens: for new people a form, for others their sign-in first."""
    invitation = inviting.find(token)
    if isinstance(request.user, User):
        is_theirs = request.user.email.lower() == invitation.email.lower()
        if request.method == "POST" and is_theirs:
            return _come_in(request, inviting.accept_as(request.user, token))
        context = {"invitation": invitation, "is_theirs": is_theirs}
        return _door(request, context, status=200 if is_theirs else 403)
    if User.objects.filter(email__iexact=invitation.email).exists():
        messages.info(request, f"Sign in as {invitation.email} to join {invitation.company}.")
        return redirect_to_login(request.get_full_path())
    form = JoinForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        membership = inviting.accept(token, **form.cleaned_data)
        login(request, membership.user, backend=BACKEND)
        return _come_in(request, membership)
    context = {"invitation": invitation, "form": form}
    return _door(request, context, status=422 if form.errors else 200)


def _door(request: HttpRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    response = render(request, "companies/join.html", context, status=status)
    # Django logs the address of a refusal, and this address opens a door.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _come_in(request: HttpRequest, membership: Membership) -> HttpResponse:
    messages.success(request, f"Welcome to {membership.company}.")
    return redirect(membership.company)
