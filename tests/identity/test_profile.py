"""What a person says about themselves: claims, picture, username (OpenID Connect Core §5.1)."""

from __future__ import annotations

import io
import struct
import time
import zlib

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from PIL import Image

from identity.account import pictures
from identity.claims import claims_named
from identity.models import Picture, User
from tests.support.people import PASSWORD, page, person, prove, sign_in

pytestmark = pytest.mark.django_db

PROFILE = "/account/profile/"
FULL = {
    "name": "Ada Lovelace", "given_name": "Ada", "middle_name": "King", "family_name": "Lovelace", "nickname": "Countess",
    "birthdate": "1815-12-10", "gender": "female", "website": "https://ada.example/", "profile": "https://ada.example/me",
    "phone_number": "+44 20 7946 0000", "street_address": "12 St James's Square\nFlat 2", "postal_code": "SW1Y 4JH",
    "locality": "London", "region": "", "country": "United Kingdom",
}  # fmt: skip


@pytest.fixture
def ada(client: Browser) -> User:
    user = person()
    sign_in(client)
    return user


def photo(kind: str = "JPEG", size: tuple[int, int] = (900, 600), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def upload(browser: Browser, body: bytes, name: str = "me.jpg") -> str:
    answer = browser.post(f"{PROFILE}picture/", {"picture": SimpleUploadedFile(name, body)}, follow=True)
    return page(answer)


class TestClaims:
    """Every claim that a person may write."""

    def test_each_is_saved_and_told_to_applications(self, ada: User, client: Browser) -> None:
        assert client.post(PROFILE, FULL).status_code == 303
        ada.refresh_from_db()
        said = claims_named(ada, [*FULL, "address"], email_verified=True)
        for name in ("name", "middle_name", "birthdate", "gender", "website", "profile", "phone_number"):
            assert said[name] == FULL[name]
        assert said["address"]["street_address"] == "12 St James's Square\nFlat 2"
        assert said["address"]["formatted"] == "12 St James's Square\nFlat 2\nSW1Y 4JH London\nUnited Kingdom"
        assert "region" not in said["address"]

    def test_what_is_left_empty_is_not_told(self, ada: User, client: Browser) -> None:
        client.post(PROFILE, FULL)
        client.post(PROFILE, {})
        ada.refresh_from_db()
        assert ada.address == {}
        assert claims_named(ada, FULL, email_verified=True) == {}

    def test_another_number_is_one_that_nobody_verified(self, client: Browser) -> None:
        user = person(phone_number="+41 1 234", phone_number_verified=True)
        sign_in(client)
        client.post(PROFILE, {"phone_number": "+41 1 234"})
        user.refresh_from_db()
        assert user.phone_number_verified
        client.post(PROFILE, {"phone_number": "+41 1 235"})
        user.refresh_from_db()
        assert not user.phone_number_verified

    def test_an_address_that_an_operator_wrote_in_one_piece_is_kept(self, client: Browser) -> None:
        user = person(address={"formatted": "Poste restante, Wien"})
        sign_in(client)
        client.post(PROFILE, {"name": "Ada"})
        user.refresh_from_db()
        assert user.address == {"formatted": "Poste restante, Wien"}

    @pytest.mark.parametrize("value", ["1815-12-10", "1815", "0000-12-10", "0000-02-29", ""])
    def test_a_date_of_birth_may_lack_its_year_or_its_day(self, ada: User, client: Browser, value: str) -> None:
        assert client.post(PROFILE, {"birthdate": value}).status_code == 303
        ada.refresh_from_db()
        assert ada.birthdate == value

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("birthdate", "10.12.1815"), ("birthdate", "1815-02-30"), ("birthdate", "1815-13-01"), ("phone_number", "call me"),
            ("website", "javascript:alert(1)"), ("profile", "ftp://a.example/"), ("name", "x" * 300), ("country", "x" * 300),
        ],
    )  # fmt: skip
    def test_what_is_none_is_told_beside_its_field(self, ada: User, client: Browser, field: str, value: str) -> None:
        answer = client.post(PROFILE, {field: value})
        assert answer.status_code == 400
        assert f'id="id_{field}_error"' in page(answer)


class TestPicture:
    """An upload becomes a small JPEG of ours; nothing else of the file is kept."""

    def test_it_is_a_square_at_an_address_that_applications_get(self, ada: User, client: Browser) -> None:
        assert "Your picture is saved." in upload(client, photo())
        ada.refresh_from_db()
        assert ada.picture.startswith(f"{settings.ISSUER}/account/picture/")
        answer = Browser().get(ada.picture_here)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert Image.open(io.BytesIO(answer.content)).size == (400, 400)
        assert f'<img class="avatar large" src="{ada.picture_here}"' in page(client.get(PROFILE))

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_three_formats_are_read(self, kind: str) -> None:
        assert Image.open(io.BytesIO(pictures.redraw(photo(kind)))).format == "JPEG"

    def test_place_and_time_of_the_photograph_do_not_survive(self) -> None:
        exif = Image.Exif()
        exif[0x010F] = "Secret camera"
        exif.get_ifd(0x8825)[1] = "N"
        body = photo(exif=exif)
        assert b"Secret camera" in body
        drawn = pictures.redraw(body)
        assert b"Secret camera" not in drawn
        assert not Image.open(io.BytesIO(drawn)).getexif()

    def test_a_photograph_that_lies_on_its_side_is_stood_up(self) -> None:
        lying = Image.new("RGB", (40, 40), "white")
        lying.paste("black", (0, 0, 40, 20))
        exif, out = Image.Exif(), io.BytesIO()
        exif[0x0112] = 3
        lying.save(out, "PNG", exif=exif)
        assert Image.open(io.BytesIO(pictures.redraw(out.getvalue()))).getpixel((20, 35))[0] < 50  # type: ignore[index]

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"GIF89a" + b"\0" * 40, b"\xff\xd8\xff\xe0broken",
            b"%!PS-Adobe-3.0 EPSF-3.0", photo()[:200],
        ],
    )  # fmt: skip
    def test_anything_else_is_refused(self, ada: User, client: Browser, body: bytes) -> None:
        assert "is no picture that we can read" in upload(client, body) or not body
        assert Picture.objects.count() == 0

    def test_a_few_octets_that_unfold_to_gigabytes_are_not_unpacked(self) -> None:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        bomb = (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
            + chunk(b"IEND", b"")
        )
        begun = time.process_time()
        with pytest.raises(pictures.PictureError):
            pictures.redraw(bomb)
        assert time.process_time() - begun < 5

    def test_a_file_that_is_too_large_ends_the_request(self, ada: User, client: Browser) -> None:
        limit = settings.LIMITS.upload_bytes
        answer = client.post(f"{PROFILE}picture/", {"picture": SimpleUploadedFile("a.jpg", b"\xff" * (limit + 1))})
        assert answer.status_code in {303, 400, 403}
        assert Picture.objects.count() == 0

    def test_another_picture_has_another_address_and_the_former_one_is_gone(self, ada: User, client: Browser) -> None:
        upload(client, photo())
        ada.refresh_from_db()
        former = ada.picture_here
        upload(client, photo())
        assert client.get(former).status_code == 404
        client.post(f"{PROFILE}picture/", {"remove": "1"})
        ada.refresh_from_db()
        assert ada.picture == ""
        assert Picture.objects.count() == 0

    def test_the_picture_of_somebody_who_is_disabled_is_not_shown(self, ada: User, client: Browser) -> None:
        upload(client, photo())
        ada.refresh_from_db()
        User.objects.update(is_active=False)
        assert Browser().get(ada.picture_here).status_code == 404

    def test_a_picture_from_elsewhere_stays_but_is_not_loaded_by_our_pages(self, client: Browser) -> None:
        user = person(picture="https://elsewhere.example/a.png")
        sign_in(client)
        client.post(PROFILE, {"name": "Ada"})
        user.refresh_from_db()
        assert user.picture == "https://elsewhere.example/a.png"
        assert "elsewhere.example" not in page(client.get(PROFILE))


class TestUsername:
    """The name one signs in with."""

    def test_it_is_changed_after_proving_again_who_one_is(self, ada: User, client: Browser) -> None:
        asked = client.get("/account/username/")
        assert asked.status_code == 302
        assert "/account/reauthenticate/" in asked.headers["Location"]
        client.post(asked.headers["Location"], {"password": PASSWORD})
        assert client.post("/account/username/", {"username": "countess"}).status_code == 303
        ada.refresh_from_db()
        assert ada.username == "countess"
        assert sign_in(Browser(), "countess").status_code == 302
        assert sign_in(Browser(), "ada").status_code == 200

    def test_the_owner_is_told_by_mail(self, ada: User, client: Browser) -> None:
        prove(client)
        client.post("/account/username/", {"username": "countess"})
        assert mail.outbox[-1].subject == "Your username was changed"
        assert mail.outbox[-1].to == list(EmailAddress.objects.filter(user=ada).values_list("email", flat=True))
        assert "was ada and is countess now" in str(mail.outbox[-1].body)

    @pytest.mark.parametrize("name", ["", "bob", "BOB", "a@b.example", "a b", "x" * 151, "ada", "\u202ebob"])
    def test_a_name_that_is_taken_or_malformed_is_refused(self, ada: User, client: Browser, name: str) -> None:
        person("bob")
        prove(client)
        answer = client.post("/account/username/", {"username": name})
        assert answer.status_code == 400
        assert 'id="id_username_error"' in page(answer)
        ada.refresh_from_db()
        assert ada.username == "ada"

    def test_capital_letters_of_ones_own_name_may_change(self, ada: User, client: Browser) -> None:
        prove(client)
        assert client.post("/account/username/", {"username": "Ada"}).status_code == 303
