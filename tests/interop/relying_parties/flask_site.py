"""Flask-OIDC as its page has it: client_secrets.json, a page behind require_login, an API behind accept_token."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, session
from flask_oidc import OpenIDConnect
from werkzeug.serving import run_simple

GIVEN: dict[str, Any] = json.loads(sys.argv[1])
secrets = Path(GIVEN["database"]).with_name("client_secrets.json")
secrets.write_text(
    json.dumps(
        {
            "web": {
                "client_id": GIVEN["client_id"],
                "client_secret": GIVEN["client_secret"],
                "auth_uri": GIVEN["metadata"]["authorization_endpoint"],
                "token_uri": GIVEN["metadata"]["token_endpoint"],
                "userinfo_uri": GIVEN["metadata"]["userinfo_endpoint"],
                "issuer": GIVEN["issuer"],
                "redirect_uris": GIVEN["redirect_uris"],
            }
        }
    )
)
app = Flask(__name__)
app.config.update(
    SECRET_KEY="of no use here" * 5,
    SESSION_COOKIE_NAME="party",
    OIDC_CLIENT_SECRETS=str(secrets),
    OIDC_SCOPES="openid email profile notes:read",
)
oidc = OpenIDConnect(app)


@app.route("/")
@oidc.require_login
def home() -> Response:
    return jsonify(user=session["oidc_auth_profile"], token=oidc.get_access_token())


@app.route("/api")
@oidc.accept_token("notes:read")
def api() -> Response:
    return jsonify(allowed=True)


if __name__ == "__main__":
    run_simple("127.0.0.1", GIVEN["port"], app, threaded=True)
