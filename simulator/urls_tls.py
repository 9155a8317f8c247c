"""The TLS port: Graph, tokens, OpenID documents, keys."""

from django.urls import re_path

from simulator import api, graph, identity, tokens

TENANT = r"(?P<tenant>[0-9A-Za-z.-]+)"

urlpatterns = [
    re_path(r"^(?i:v1\.0|beta)(?:/|$)", graph.graph),
    re_path(r"^v1/\.well-known/(?i:openidconfiguration)/?$", identity.callback_configuration),
    re_path(r"^v1/\.well-known/keys/?$", identity.callback_keys),
    re_path(rf"^{TENANT}/v2\.0/\.well-known/openid-configuration/?$", identity.openid_configuration),
    re_path(rf"^{TENANT}/discovery/v2\.0/keys/?$", identity.directory_keys),
    re_path(rf"^{TENANT}/oauth2/v2\.0/token/?$", tokens.token),
    re_path(rf"^{TENANT}/oauth2/v2\.0/logout/?$", identity.logout),
    re_path(r"^healthz/?$", api.healthz),
    re_path(r"^(?P<rest>.*)$", api.nothing),
]
