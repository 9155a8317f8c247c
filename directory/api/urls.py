"""Addresses of the API below `/api/v1/`."""

from django.urls import path

from directory.api.views import AtHandView, FavouriteView, GroupsView, MeView, PeopleView, PresenceView

urlpatterns = [
    path("me/", MeView.as_view(), name="api-me"),
    path("people/", PeopleView.as_view(), name="api-people"),
    path("people/groups/", GroupsView.as_view(), name="api-people-groups"),
    path("people/at-hand/", AtHandView.as_view(), name="api-people-at-hand"),
    path("favourites/<uuid:person_id>/", FavouriteView.as_view(), name="api-favourite"),
    path("presence/", PresenceView.as_view(), name="api-presence"),
]
