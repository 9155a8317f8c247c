"""Addresses of signing in and out."""

from django.urls import path

from directory import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("sign-in/microsoft/", views.microsoft, name="sign-in-microsoft"),
    path("sign-in/microsoft/callback/", views.microsoft_callback, name="sign-in-microsoft-callback"),
]
