"""A small file that takes the memory and the time of a worker: pictures are judged before they are unpacked."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from PIL import Image

from identity.account import pictures
from identity.models import Picture
from tests.support.people import page, person, sign_in

ADDRESS = "/account/profile/picture/"


def photo(width: int = 40, height: int = 40, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG", **options)
    return out.getvalue()


def claiming(body: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header says another size (ITU-T T.81 §B.2.2): what a real one of that size would begin with."""
    frame = max(body.find(b"\xff\xc0"), body.find(b"\xff\xc2"))
    return body[: frame + 5] + struct.pack(">HH", height, width) + body[frame + 9 :]


@contextmanager
def unpacking_forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("it was unpacked")

    with monkeypatch.context() as patch:
        patch.setattr("PIL.ImageFile.ImageFile.load", load)
        yield


@pytest.mark.parametrize(
    ("width", "height", "progressive"),
    [
        (65_500, 1_221, False),  # a ribbon is hardly shrunk while it is unpacked, since its shorter side is short
        (1_000, 12_001, False),
        (11_000, 1_000, False),
        (8_900, 8_900, False),
        (8_000, 6_000, True),  # a progressive one is held whole, however small it is unpacked
    ],
)
def test_a_picture_that_would_take_the_worker_is_refused_by_its_header(
    monkeypatch: pytest.MonkeyPatch, width: int, height: int, progressive: bool
) -> None:
    body = claiming(photo(progressive=progressive), width, height)
    with unpacking_forbidden(monkeypatch), pytest.raises(pictures.PictureError):
        pictures.redraw(body)


def test_what_is_unpacked_is_judged_by_the_size_that_it_is_unpacked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_PIXELS", 1_000_000)
    assert pictures.redraw(photo(4_000, 3_200))
    with unpacking_forbidden(monkeypatch), pytest.raises(pictures.PictureError):
        pictures.redraw(photo(4_000, 1_000))


def test_photographs_of_a_telephone_pass() -> None:
    assert Image.open(io.BytesIO(pictures.redraw(photo(8_000, 6_000)))).size == (400, 400)


@pytest.mark.django_db
class TestUploads:
    """What one person can make the server do."""

    def test_whoever_finds_no_turn_hears_so_soon(self, client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        person()
        sign_in(client)
        monkeypatch.setattr(pictures, "PATIENCE", 0.01)
        taken, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with pictures._one_at_a_time:
                taken.set()
                leave.wait(30)

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            assert taken.wait(30)
            answer = client.post(ADDRESS, {"picture": SimpleUploadedFile("me.jpg", photo())})
        finally:
            leave.set()
            holder.join()
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert client.post(ADDRESS, {"picture": SimpleUploadedFile("me.jpg", photo())}).status_code == 303

    def test_one_person_sends_so_many_an_hour(self, client: Browser) -> None:
        person()
        sign_in(client)
        for _ in range(settings.LIMITS.pictures_per_person):
            client.post(ADDRESS, {"picture": SimpleUploadedFile("me.jpg", b"no picture")})
        answer = client.post(ADDRESS, {"picture": SimpleUploadedFile("me.jpg", photo())}, follow=True)
        assert "Try again in an hour" in page(answer)
        assert Picture.objects.count() == 0
        client.post(ADDRESS, {"remove": "1"})
