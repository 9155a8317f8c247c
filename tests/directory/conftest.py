"""Passwords for the tests of signing in."""

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from pytest_django import Settings

from directory.models import User

PASSWORD = "a staple of the correct horse"


@pytest.fixture
def quick_hasher(settings: Settings) -> None:
    """Hash passwords fast: these tests are about what surrounds the hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def password(quick_hasher: None, rita: User) -> str:
    """Return rita's password."""
    User.objects.filter(pk=rita.pk).update(password=make_password(PASSWORD))
    return PASSWORD


@pytest.fixture
def visitor() -> Client:
    """Return a browser that minds CSRF and is at PUBLIC_URL."""
    return Client(HTTP_HOST="localhost:8000", enforce_csrf_checks=False)
