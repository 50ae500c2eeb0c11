"""“Log in with Gatehouse”: a web application that leaves signing in to somebody else.

Flask and Authlib, nothing of Gatehouse. It reads the issuer's discovery document, sends the browser there with PKCE, state and
nonce, checks what comes back, and shows it. Start it with ``make example`` while the server runs.

GATEHOUSE_ISSUER, CLIENT_ID and CLIENT_SECRET say which server and which client; without them it takes the demo client that
``make run`` made. PORT moves it.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from requests import RequestException
from werkzeug.serving import run_simple

HOST = "127.0.0.1"
PORT = int(os.environ.get("PORT", "5000"))
ISSUER = os.environ.get("GATEHOUSE_ISSUER", "http://127.0.0.1:8000").rstrip("/")
DATA_DIR = Path(os.environ.get("DATA_DIR", Path(__file__).resolve().parents[3] / "var"))
SCOPE = "openid profile email offline_access"


def demo_client() -> tuple[str, str]:
    """The client of this address among those that ``make run`` made."""
    try:
        demo = json.loads((DATA_DIR / "demo.json").read_text("utf-8"))["demo"]
    except (OSError, ValueError, KeyError):
        sys.exit(f"There is no demo client in {DATA_DIR}. Run `make run` first, or set CLIENT_ID and CLIENT_SECRET.")
    ours = f"http://{HOST}:{PORT}/callback"
    for client in demo["clients"]:
        if ours in client.get("redirect_uris", ()):
            return client["client_id"], client.get("client_secret", "")
    sys.exit(f"None of the demo clients has the redirect URI {ours}. Set CLIENT_ID and CLIENT_SECRET.")


def credentials() -> tuple[str, str]:
    """The client identifier and its secret; a public client has none."""
    if os.environ.get("CLIENT_ID"):
        return os.environ["CLIENT_ID"], os.environ.get("CLIENT_SECRET", "")
    return demo_client()


app = Flask(__name__)
app.config.update(
    SECRET_KEY=secrets.token_bytes(32),
    SESSION_COOKIE_NAME="example_app",  # cookies know no ports: the server's own cookie is called otherwise
    SESSION_COOKIE_SAMESITE="Lax",
)
client_id, client_secret = credentials()
gatehouse = OAuth(app).register(
    "gatehouse",
    client_id=client_id,
    client_secret=client_secret or None,
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": SCOPE,
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "client_secret_basic" if client_secret else "none",
    },
)

# Flask's session is a signed cookie that the browser can read, so tokens stay here and the cookie holds a name.
SIGNED_IN: dict[str, dict[str, Any]] = {}


def current() -> dict[str, Any] | None:
    """What this browser's sign-in gave, if it has one."""
    return SIGNED_IN.get(session.get("id", ""))


@app.get("/")
def home() -> ResponseReturnValue:
    """A button, or who you are. After a sign-out the issuer sends the browser here too, with the state that it was given."""
    if "state" in request.args:
        gatehouse.validate_logout_response()
        return render_template("signed_out.html")
    token = current()
    if token is None:
        return render_template("home.html")
    return render_template(
        "profile.html",
        claims=token["userinfo"],
        userinfo=token["from_userinfo"],
        scope=token.get("scope", SCOPE),
        refreshes=token["refreshes"],
        can_refresh="refresh_token" in token,
    )


@app.post("/login")
def login() -> ResponseReturnValue:
    """Send the browser to the issuer. Authlib makes state, nonce and the PKCE pair, and keeps them in the session."""
    # offline_access needs prompt=consent (OpenID Connect Core §11).
    return gatehouse.authorize_redirect(url_for("callback", _external=True), prompt="consent")


@app.get("/callback")
def callback() -> ResponseReturnValue:
    """The browser is back: check state, redeem the code, check the ID token's signature, issuer, audience, times and nonce."""
    # RFC 9207: an answer of another issuer must not be taken for ours.
    if request.args.get("iss") != gatehouse.load_server_metadata()["issuer"]:
        return render_template("error.html", error="mix_up", description="The answer is of another issuer."), 400
    token = gatehouse.authorize_access_token()
    token["from_userinfo"] = dict(gatehouse.userinfo(token=token))
    token["refreshes"] = 0
    # A new name at sign-in: whoever planted the old one is left outside.
    session.clear()
    session["id"] = secrets.token_urlsafe(32)
    SIGNED_IN[session["id"]] = token
    return redirect(url_for("home"))


@app.post("/refresh")
def refresh() -> ResponseReturnValue:
    """Trade the refresh token for a new pair (RFC 6749 §6); the old one is spent."""
    token = current()
    if token is None:
        return redirect(url_for("home"))
    new = gatehouse.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    token.update(new, refreshes=token["refreshes"] + 1)
    token["from_userinfo"] = dict(gatehouse.userinfo(token=token))
    return redirect(url_for("home"))


@app.post("/logout")
def logout() -> ResponseReturnValue:
    """Forget the sign-in here, then end it at the issuer (OpenID Connect RP-Initiated Logout)."""
    token = SIGNED_IN.pop(session.pop("id", ""), None)
    if token is None:
        return redirect(url_for("home"))
    return gatehouse.logout_redirect(
        post_logout_redirect_uri=url_for("home", _external=True),
        id_token_hint=token["id_token"],
        state=secrets.token_urlsafe(16),
    )


@app.errorhandler(OAuthError)
def refused(error: OAuthError) -> ResponseReturnValue:
    """The issuer, or Authlib, said no."""
    return render_template("error.html", error=error.error, description=error.description), 400


@app.errorhandler(RequestException)
def unreachable(error: RequestException) -> ResponseReturnValue:
    """The issuer does not answer."""
    app.logger.warning("%s", error)
    return render_template("error.html", error="unreachable", description=f"{ISSUER} does not answer."), 503


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    sys.stdout.write(f"The example application is at http://{HOST}:{PORT} and asks {ISSUER}. Ctrl-C stops it.\n")
    sys.stdout.flush()
    run_simple(HOST, PORT, app, threaded=True)
