"""Apache with Debian's mod_auth_openidc, a relying party and a resource server in C, configured as its wiki says.

3, 10, 11, 13, 14 and 20 of the interoperability list. Its back-channel address has a query, as this module always has it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.live import EMAIL, Live, live_server
from tests.support.live_party import BACK, Party
from tests.support.person import Person
from tests.support.programs import program
from tests.support.services import free_port, wait_for
from tests.support.workers import worker

MODULES = Path("/usr/lib/apache2/modules")
PROGRAM = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin") or ""
API = "https://apache.example/api"

pytestmark = pytest.mark.skipif(
    not PROGRAM or not (MODULES / "mod_auth_openidc.so").exists(),
    reason="mod_auth_openidc is not installed: apt-get install apache2 libapache2-mod-auth-openidc",
)

CONFIGURATION = """
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
LogLevel info auth_openidc:debug
{modules}
DocumentRoot {folder}/pages
DirectoryIndex page.txt

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCScope "openid email profile"
OIDCPKCEMethod S256
OIDCRedirectURI http://localhost:{port}/redirect_uri
OIDCCryptoPassphrase of-no-use-here
OIDCRemoteUserClaim email
OIDCInfoHook userinfo id_token access_token
OIDCOAuthServerMetadataURL {issuer}/.well-known/oauth-authorization-server
OIDCOAuthIntrospectionEndpointAuth client_secret_basic
OIDCOAuthClientID {client_id}
OIDCOAuthClientSecret {client_secret}
OIDCOAuthRemoteUserClaim username

<Location />
  AuthType openid-connect
  Require valid-user
</Location>
<Location /private>
  Require claim email:{email}
</Location>
<Location /strangers>
  Require claim email:nobody@else.example
</Location>
<Location /api>
  AuthType oauth20
  Require claim "scope~(^| )notes:read( |$)"
</Location>
"""
# Some of these are built into Debian's program; what is a file is loaded.
NAMES = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc")


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(OUTBOUND_ALLOW="127.0.0.1/32") as server, worker(server.environment, server.folder):
        yield server


@pytest.fixture(scope="module")
def apache(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web server; its address."""
    folder, port = tmp_path_factory.mktemp("apache"), free_port()
    registration = live.client(
        redirect_uris=[f"http://localhost:{port}/redirect_uri"],
        post_logout_redirect_uris=[f"http://localhost:{port}/left"],
        backchannel_logout_uri=f"http://127.0.0.1:{port}/redirect_uri?logout=backchannel",
        introspects=[API],
    )
    for name in ("page.txt", "private/page.txt", "strangers/page.txt", "api/page.txt"):
        page = folder / "pages" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"the page {name}")
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NAMES)
    (folder / "apache.conf").write_text(
        CONFIGURATION.format(folder=folder, port=port, modules=modules, issuer=live.issuer, email=EMAIL, **registration)
    )
    command = [PROGRAM, "-D", "FOREGROUND", "-f", str(folder / "apache.conf")]
    with program(command, port, folder / "output.log"):
        yield f"http://localhost:{port}"


def test_a_person_logs_in_and_the_claims_open_pages(apache: str, person: Person) -> None:
    """It checks iss, nonce, at_hash and state, then asks userinfo."""
    person.go(f"{apache}/private/")
    assert person.page.text == "the page private/page.txt"
    person.go(f"{apache}/strangers/")
    assert person.page.status_code == 401
    person.go(f"{apache}/redirect_uri?info=json")
    assert person.page.json()["userinfo"]["email"] == EMAIL


def test_20_it_signs_the_person_out_here_too(live: Live, apache: str, person: Person) -> None:
    """20: with id_token_hint; it finds end_session_endpoint in discovery."""
    person.go(f"{apache}/")
    assert person.page.text == "the page page.txt"
    person.go(f"{apache}/redirect_uri?logout={apache}/left", f"{apache}/left")
    person.pressed.clear()
    person.go(f"{apache}/")
    assert "id_submit" in person.pressed


def test_10_and_11_it_takes_our_logout_token(live: Live, apache: str, person: Person) -> None:
    """Back-Channel Logout §2.5: the sign-in that ends here ends there, without the browser."""
    person.go(f"{apache}/")
    person.go(f"{live.issuer}/oauth/logout")

    def is_out() -> bool:
        answer = person.browser.get(f"{apache}/")
        return answer.status_code == 302 and answer.headers["Location"].startswith(live.issuer)

    wait_for(is_out, "the logout token")


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_13_and_14_it_protects_an_api_by_introspection(
    live: Live, apache: str, person: Person, access_token_format: str
) -> None:
    """13, 14: another client than the token's owner asks, and makes the user out of username."""
    owner: dict[str, Any] = {
        "audience": [API],
        "scope": "openid notes:read",
        "access_token_format": access_token_format,
    }
    party = Party(live, live.client(redirect_uris=[BACK], **owner))

    def call(token: str) -> httpx2.Response:
        return httpx2.get(f"{apache}/api/", headers={"Authorization": f"Bearer {token}"})

    assert call(party.sign_in(person, "openid notes:read")["access_token"]).text == "the page api/page.txt"
    assert call(party.sign_in(person, "openid")["access_token"]).status_code in {401, 403}
    assert call("nonsense").status_code == 401
    party.web.close()
