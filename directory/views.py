"""Pages of signing in and out."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.csrf import csrf_failure
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from commsportal import throttles
from directory import commands, delays, login, refresh_tokens
from directory import microsoft as oidc
from directory.forms import SignInForm
from directory.models import User


def counted(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let a network sign in only so often; looking at the form does not count."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        asks = request.method == "POST" or request.path != reverse("sign-in")
        wait = throttles.sign_in.take(delays.network_of(login.source_of(request))) if asks else 0
        if not wait:
            return view(request)
        page = render(request, "429.html", {"wait": wait}, status=429)
        page["Retry-After"] = str(wait)
        return page

    return answer


@login_not_required
@counted
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form; with a right name and password open a session and go on."""
    next_path = login.safe_next(request.POST.get("next") or request.GET.get("next"))
    if request.method == "GET" and request.user.is_authenticated:
        return _go_on(next_path)
    form = SignInForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = login.with_password(request, form.cleaned_data["username"], form.cleaned_data["password"])
        if user is not None:
            return _welcome(request, user, next_path)
    if request.method == "POST":
        form.refuse()
    address = reverse("sign-in-microsoft") + (f"?{urlencode({'next': next_path})}" if next_path else "")
    context = {"form": form, "next": next_path, "microsoft_url": address if oidc.is_offered() else ""}
    return render(request, "directory/sign_in.html", context)


@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, if there still is one."""
    if request.user.is_authenticated:
        return _leave(request)
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
def _leave(request: HttpRequest) -> HttpResponse:
    login.leave(request)
    answer = HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)
    answer["Clear-Site-Data"] = '"cache"'  # other tabs' pages too; storage holds the look of pages alone
    return answer


def foreign_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form without our token; who is signed out already and signs out asks for nothing that needs one."""
    if request.path == reverse("sign-out") and not request.user.is_authenticated:
        return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL)
    return csrf_failure(request, reason)


@login_not_required
@counted
@never_cache
@require_GET
def microsoft(request: HttpRequest) -> HttpResponse:
    """Send the browser to Microsoft."""
    try:
        return HttpResponseRedirect(oidc.start(request.session, login.safe_next(request.GET.get("next"))))
    except oidc.SignInFailed as failure:
        return _failed(request, failure)


@login_not_required
@counted
@never_cache
@require_GET
def microsoft_callback(request: HttpRequest) -> HttpResponse:
    """Open a session for whom Microsoft vouches, or say on one page what to do."""
    try:
        arrival = oidc.finish(request.session, request.GET.dict())
        user = commands.from_microsoft(arrival.account)
    except oidc.SignInFailed as failure:
        login.refuse(request, "microsoft", None, failure.reason)
        return _failed(request, failure)
    if not user.is_active:
        login.refuse(request, "microsoft", user, "disabled")
        detail = "Your account here is disabled. Ask an administrator of the front desk."
        return _failed(request, oidc.SignInFailed("disabled", detail))
    login.accept(request, user, "microsoft")
    refresh_tokens.keep(request.session, user, arrival.refresh_token)
    return _go_on(login.safe_next(arrival.next_path))


def _welcome(request: HttpRequest, user: User, next_path: str) -> HttpResponse:
    response = _go_on(next_path)
    login.remember_device(request, response, user)
    return response


def _go_on(next_path: str) -> HttpResponse:
    return HttpResponseRedirect(next_path or settings.LOGIN_REDIRECT_URL)


def _failed(request: HttpRequest, failure: oidc.SignInFailed) -> HttpResponse:
    context = {"detail": failure.detail}
    return render(request, "directory/sign_in_failed.html", context, status=failure.status)
