"""Every feature, lifetime and limit: its default, its RFC, and one sentence. The reference is generated from here.

The server builds its tables (GRANTS, CLIENT_AUTH_METHODS, RESPONSE_MODES …) from ``Features``, and discovery prints those
tables, so what is off here exists nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple


def _row(default: Any, source: str, sentence: str) -> Any:
    return field(default=default, metadata={"source": source, "sentence": sentence})


class Rate(NamedTuple):
    """So many in so many seconds; more is too much. An amount of 0: no number is."""

    amount: int
    seconds: int

    def is_first_beyond(self, count: int) -> bool:
        """Whether this one, of those counted, is the first that is too much."""
        return self.amount > 0 and count == self.amount + 1


@dataclass(frozen=True, slots=True)
class Features:
    """What is on. ``FEATURES=name,-name,all`` changes it; every row here is finished and tested."""

    authorization_code: bool = _row(True, "RFC 6749 §4.1", "The authorization code grant.")
    implicit: bool = _row(
        False, "OpenID Connect Core §3.2", "Response types id_token and id_token token, for profiles that allow them."
    )
    hybrid: bool = _row(
        False,
        "OpenID Connect Core §3.3",
        "Response types code id_token, code token and code id_token token, for profiles that allow them.",
    )
    request_parameter: bool = _row(True, "RFC 9101 §5.1", "Signed request objects, in the request itself.")
    request_uri_parameter: bool = _row(
        True, "RFC 9101 §5.2", "Signed request objects at an address that the client registered."
    )
    client_logos: bool = _row(
        True, "OpenID Connect Registration §2", "Logos of clients on our pages, fetched by us and served from here."
    )
    client_branding: bool = _row(
        True, "", "Colours of clients (the metadata brand_color) on the pages where people sign in to them."
    )
    client_credentials: bool = _row(True, "RFC 6749 §4.4", "A confidential client asks for itself.")
    refresh_token: bool = _row(True, "RFC 6749 §6", "Refresh tokens, rotated at every use.")
    client_secret_basic: bool = _row(True, "RFC 6749 §2.3.1", "A client secret in the Authorization header.")
    client_secret_post: bool = _row(True, "RFC 6749 §2.3.1", "A client secret in the form.")
    client_secret_jwt: bool = _row(True, "RFC 7523 §2.2", "A client assertion signed with the client secret.")
    private_key_jwt: bool = _row(True, "RFC 7523 §2.2", "A client assertion signed with the client's private key.")
    public_clients: bool = _row(True, "RFC 6749 §2.1", "Clients without a secret (method none), always with PKCE.")
    pkce_plain: bool = _row(False, "RFC 7636 §4.2", "code_challenge_method plain, for profiles that allow it.")
    query: bool = _row(True, "OAuth 2.0 Multiple Response Types §2.1", "response_mode query.")
    fragment: bool = _row(True, "OAuth 2.0 Multiple Response Types §2.1", "response_mode fragment.")
    form_post: bool = _row(True, "OAuth 2.0 Form Post Response Mode §2", "response_mode form_post.")
    jarm: bool = _row(
        True,
        "JARM",
        "Response modes jwt, query.jwt, fragment.jwt and form_post.jwt: the answer as a JWT, signed, and encrypted for"
        " clients that registered for that.",
    )
    introspection: bool = _row(True, "RFC 7662", "The introspection endpoint.")
    revocation: bool = _row(True, "RFC 7009", "The revocation endpoint.")
    userinfo: bool = _row(True, "OpenID Connect Core §5.3", "The userinfo endpoint.")
    encryption: bool = _row(
        True,
        "RFC 7516",
        "Encrypted ID tokens and userinfo answers for clients that ask, encrypted request objects from them.",
    )
    rp_initiated_logout: bool = _row(True, "OpenID Connect RP-Initiated Logout", "The end-session endpoint.")
    pairwise_subjects: bool = _row(
        True, "OpenID Connect Core §8.1", "Subjects that differ from sector to sector, for clients that register so."
    )
    frontchannel_logout: bool = _row(
        True, "OpenID Connect Front-Channel Logout", "Applications sign out in frames of the page that ends a sign-in."
    )
    backchannel_logout: bool = _row(
        True, "OpenID Connect Back-Channel Logout", "Applications are sent a logout token when a sign-in ends."
    )
    session_management: bool = _row(
        True, "OpenID Connect Session Management", "session_state, and the frame in which an application compares it."
    )
    portal: bool = _row(True, "", "The developer portal.")
    new_device_notice: bool = _row(
        True, "", "A mail to the owner when an account is signed in to on a browser that it was not used on before."
    )
    email_code: bool = _row(
        False,
        "",
        "Sign-in with a code by mail instead of a password; level 1, and whoever reads the mailbox has it (NIST SP 800-63B"
        " §5.1.3.1 counts no mail as a factor).",
    )
    reuse_alarm: bool = _row(
        True,
        "RFC 9700 §4.14.2",
        "A mail to the owner when a refresh token is used twice; their trusted browsers ask for the second step again.",
    )
    passkeys: bool = _row(
        True,
        "Web Authentication Level 3",
        "Passkeys, alone and as a second step; the issuer must be a name, not an address.",
    )


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Durations in seconds."""

    authorization_code: int = _row(60, "RFC 6749 §4.1.2", "How long a code may be redeemed.")
    authorization_response: int = _row(
        120, "JARM §2.1", "How long an authorization response that is a JWT may be read; at most ten minutes."
    )
    access_token: int = _row(600, "RFC 9068 §2.2", "An access token's life.")
    id_token: int = _row(600, "OpenID Connect Core §2", "An ID token's life.")
    refresh_token: int = _row(30 * 86_400, "RFC 9700 §4.14.2", "The absolute life of a refresh token family.")
    refresh_token_idle: int = _row(14 * 86_400, "RFC 9700 §4.14.2", "How long a refresh token may rest unused.")
    refresh_retry_grace: int = _row(
        0,
        "RFC 9700 §4.14.2",
        "A lost answer may be asked again this long after a refresh, by the same client; 0 is off.",
    )
    code_replay_window: int = _row(
        2, "RFC 6749 §4.1.2", "Within it a client's own second redemption is refused without revoking the first."
    )
    interaction: int = _row(3_600, "", "How long a pending authorization request waits for the person.")
    consent: int = _row(365 * 86_400, "", "How long a consent is remembered.")
    session: int = _row(14 * 86_400, "", "The absolute life of a person's sign-in.")
    session_idle: int = _row(2 * 86_400, "", "How long a sign-in may rest unused.")
    email_code: int = _row(600, "NIST SP 800-63B §5.1.3.2", "How long a sign-in code that was mailed may be typed.")
    trusted_browser: int = _row(
        30 * 86_400,
        "",
        "How long a browser that a person trusts goes without the second step; 0: it is always asked for.",
    )
    invitation: int = _row(7 * 86_400, "", "How long the link of an invitation may be used.")
    invitation_in_browser: int = _row(
        1_800,
        "",
        "How long a browser in which that link was opened may sign up with it; after that the link is opened again.",
    )
    operator_proof: int = _row(43_200, "", "How old the proofs of an operator may be for /admin/.")
    client_secret_overlap: int = _row(7 * 86_400, "", "How long the former secret works after a rotation.")
    jwks_max_age: int = _row(3_600, "RFC 7517", "How long others may cache our keys.")
    key_announcement: int = _row(
        86_400,
        "OpenID Connect Core §10.1.1",
        "How long a key is published before it signs; at least twice jwks_max_age.",
    )
    key_rotation: int = _row(90 * 86_400, "OpenID Connect Core §10.1.1", "How long a key signs.")
    assertion: int = _row(300, "RFC 7523 §3", "The longest life that a client assertion may have.")
    unused_client: int = _row(86_400, "", "How long a client that registered itself may stay without being used.")
    clock_skew: int = _row(30, "RFC 7519 §4.1.4", "Tolerance for the clocks of others.")
    suspicion_notice: int = _row(
        21_600,
        "",
        "How long a person gets no second mail of the same suspicious pattern in the same application; the audit log has each.",
    )
    deletion_grace: int = _row(
        14 * 86_400, "", "How long somebody who asked for the end of their account may come back; then it is deleted."
    )
    audit: int = _row(400 * 86_400, "", "How long audit events are kept.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and counts."""

    request_bytes: int = _row(65_536, "", "The largest query or form that a protocol endpoint reads.")
    parameter_bytes: int = _row(8_192, "", "The longest ordinary parameter value.")
    jose_bytes: int = _row(32_768, "", "The longest JWT that is looked at.")
    registrations_per_address: int = _row(500, "", "Clients that register themselves from one address in an hour.")
    registrations: int = _row(5_000, "", "Clients that register themselves in an hour, in all.")
    audited_refusals_per_address: int = _row(
        120,
        "",
        "Rows a minute of one kind of refusal that one address adds to the audit log; more are counted in one row.",
    )
    audited_refusals: int = _row(
        600, "", "Rows a minute of one kind of refusal that a process adds to the audit log; more are counted."
    )
    audited_successes: int = _row(
        60_000,
        "",
        "Rows a minute of one kind of success that one client or person adds to the audit log; more are counted.",
    )
    interactions_per_address: int = _row(
        3_000, "", "Sign-ins for applications that may be begun from one address in an hour."
    )
    request_uris_per_address: int = _row(
        1_000, "", "Authorization requests by request_uri that one address may make in an hour: each may cause a fetch."
    )
    codes_per_person: int = _row(1_000, "", "Authorization responses that one person may cause in an hour.")
    refreshes_per_family: int = _row(
        50_000, "", "How often one grant may be refreshed; the person signs in again after that."
    )
    open_clients: int = _row(
        100_000, "", "Clients without an owner that registered themselves and are still there, in all."
    )
    clean_up_batch: int = _row(1_000, "", "Rows that clean-up deletes in one statement.")
    outbox_attempts: int = _row(
        16, "", "How often an effect (a logout token) is tried, 5 seconds to an hour apart, before it is given up."
    )
    password_hashes_at_once: int = _row(
        0, "", "Argon2id computations at the same time in one process; 0: a share of half the cores, one at least."
    )
    password_hashes_waiting: int = _row(
        8, "", "Requests of one process that wait for one, each in a thread; whoever comes then is asked to come back."
    )
    passkeys_per_person: int = _row(20, "", "Passkeys and security keys that one account may have.")
    clients_per_person: int = _row(50, "", "Applications that one developer may register in the portal.")
    upload_bytes: int = _row(5 * 1_048_576, "", "The largest file that anybody may upload: a picture of themselves.")
    pictures_per_person: int = _row(30, "", "Pictures of themselves that one person may upload in an hour.")
    cache_seconds: int = _row(1, "", "How stale a process may be about clients, keys and people, in seconds.")


def describe(table: type) -> list[tuple[str, Any, str, str]]:
    """Rows (name, default, source, sentence) for the generated reference."""
    return [(f.name, f.default, f.metadata["source"], f.metadata["sentence"]) for f in fields(table)]
