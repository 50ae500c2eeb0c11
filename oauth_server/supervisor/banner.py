"""What a person reads when the server is up: where everything is, who may sign in, and lines to paste (pure)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

_ADDRESSES = (
    ("Issuer", ""),
    ("Developer portal", "/portal/"),
    ("Admin", "/admin/"),
    ("Account", "/account/"),
    ("Discovery", "/.well-known/openid-configuration"),
)

_WHERE_THE_EXAMPLE_LOOKS = "http://127.0.0.1:8000"


def banner(issuer: str, demo: Mapping[str, Any], *, prints_mail: bool = False) -> str:
    """The text.

    Args:
        issuer: the issuer identifier.
        demo: what ``manage.py seed_demo`` answered: ``people`` (username, password, role) and ``clients`` (RFC 7591
            metadata with client_id and client_secret); empty in production.
        prints_mail: whether mail goes to this terminal instead of to people.
    """
    lines = ["", "Gatehouse is running. Ctrl-C stops it.", ""]
    lines += [f"  {name + ':':<18} {issuer}{path}" for name, path in _ADDRESSES]
    for person in demo.get("people", ()):
        label = f"Demo {person.get('role', 'person')}:"
        lines.append(f"  {label:<18} {person['username']} / {person['password']}")
    for client in demo.get("clients", ()):
        secret = client.get("client_secret", "(public: no secret)")
        lines.append(f"  {'Demo client:':<18} {client['client_id']} / {secret}")
    if prints_mail:
        lines.append(f"  {'Mail:':<18} is not sent but printed here; look for its link")
    service = next((c for c in demo.get("clients", ()) if "client_credentials" in c.get("grant_types", ())), None)
    if service:
        lines += ["", *_lines_to_paste(issuer, service)]
    return "\n".join([*lines, ""])


def _lines_to_paste(issuer: str, client: Mapping[str, Any]) -> list[str]:
    credentials = shlex.quote(f"{client['client_id']}:{client['client_secret']}")
    read = """python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'"""
    return [
        "Paste these into another terminal. A token for an application that acts for itself:",
        "",
        f"  TOKEN=$(curl -s -u {credentials} -d grant_type=client_credentials {issuer}/oauth/token | {read}); echo $TOKEN",
        "",
        "What that token is good for:",
        "",
        f"  curl -s -u {credentials} -d token=$TOKEN {issuer}/oauth/introspect",
        "",
        "“Log in with Gatehouse” in an example application (code + PKCE), in a browser:",
        "",
        "  make example" if issuer == _WHERE_THE_EXAMPLE_LOOKS else f"  GATEHOUSE_ISSUER={issuer} make example",
    ]
