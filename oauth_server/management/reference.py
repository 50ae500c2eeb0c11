"""docs/reference, written from the tables that the server runs on. A page is one row of PAGES: a file and who writes it."""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from itertools import chain
from typing import Any, Final

from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.core.management import get_commands, load_command_class
from django.urls import URLResolver

from identity.sign_in.assurance import LEVELS, WAYS
from identity.urls import urlpatterns as account_patterns
from oauth_server import audit
from oauth_server.audit.events import Event
from oauth_server.protocol import errors
from oauth_server.settings.environment import DURATIONS, SIZES, VARIABLES
from oauth_server.settings.features import Features, Lifetimes, Limits, describe

_APPS: Final = ("oauth_server", "identity")
_NOTE: Final = "<!-- Written by `make docs` from the code; change it there. -->"


def _sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line; nothing for what only inherited one."""
    own = getattr(thing, "__doc__", None) or ""
    return " ".join(inspect.cleandoc(own).partition("\n\n")[0].replace("``", "`").split())


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _code(value: object) -> str:
    return f"`{_cell(value)}`" if value not in ("", None) else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    titles = list(head)
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return [*lines, *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows), ""]


def _page(title: str, *parts: str | list[str]) -> str:
    lines: list[str] = [f"# {title}", "", _NOTE, ""]
    for part in parts:
        lines += [part, ""] if isinstance(part, str) else part
    return "\n".join(lines).rstrip() + "\n"


def settings_page() -> str:
    """Every variable that an operator may set."""
    lifetimes, limits = ({name: row for name, *row in describe(table)} for table in (Lifetimes, Limits))
    return _page(
        "Settings",
        "Environment variables. A malformed one, or a misspelt one, stops the start with its name. Paths are relative to the"
        " checkout; an empty variable means the default.",
        _table(("variable", "default", "meaning"), ((_code(v.name), _code(v.default), v.sentence) for v in VARIABLES)),
        "`DJANGO_SETTINGS_MODULE` chooses between `oauth_server.settings.development` (the default of `manage.py` and `make run`) and"
        " `oauth_server.settings.production` (the default of app servers and containers).",
        "## Lifetimes",
        "In seconds.",
        _table(
            ("variable", "default", "source", "meaning"),
            ((_code(variable), *lifetimes[name]) for variable, name in DURATIONS.items()),
        ),
        "## Limits",
        _table(
            ("variable", "default", "meaning"),
            ((_code(variable), limits[name][0], limits[name][2]) for variable, name in SIZES.items()),
        ),
    )


def features_page() -> str:
    """Everything that can be turned on and off."""
    return _page(
        "Features",
        "`FEATURES=name,-name` turns features on and off, `all` turns every one on. What is off exists nowhere: its address is 404 and"
        " discovery does not name it.",
        _table(
            ("feature", "default", "standard", "meaning"),
            (
                (_code(name), "on" if on else "off", source, sentence)
                for name, on, source, sentence in describe(Features)
            ),
        ),
    )


def commands_page() -> str:
    """Every command of ours, with its options."""
    parts: list[str | list[str]] = [
        "`manage.py COMMAND`. With `--json` a command prints one JSON object; errors go to standard error, with exit code 1.",
    ]
    for name, app in sorted(get_commands().items()):
        if app not in _APPS:
            continue
        command = load_command_class(str(app), name)
        parser: Any = argparse.ArgumentParser(prog=name, add_help=False)
        command.add_arguments(parser)
        rows = [
            (_code(", ".join(option.option_strings) or option.dest), option.help or "") for option in parser._actions
        ]
        parts += [f"## {name}", command.help, *([_table(("option", "meaning"), rows)] if rows else [])]
    return _page("Commands", *parts)


def _addresses(patterns: Iterable[Any], base: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        where = base + simplify_regex(str(pattern.pattern)).lstrip("/")
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, where)
        else:
            yield where, _sentence(pattern.callback)


def addresses_page() -> str:
    """Every address, below the issuer."""
    # Named by Django's own setting, because the table of addresses stands above every package.
    urls = importlib.import_module(settings.ROOT_URLCONF)
    ours = [
        (_code(f"/{pattern.pattern}"), _code(feature), _sentence(pattern.callback))
        for feature, pattern in chain(urls.MACHINES, urls.PAGES)
    ]
    account = sorted(set(dict(_addresses([*urls.people, *account_patterns], "/account/")).items()))
    return _page(
        "Addresses",
        "Below the issuer. An address whose feature is off is 404.",
        _table(("address", "feature", "what it does"), ours),
        "`/portal/` is the developers' portal, `/admin/` the operators' pages.",
        "## A person's account",
        _table(("address",), ((_code(address),) for address, _ in account)),
    )


def _subclasses(base: type) -> Iterator[type]:
    for found in base.__subclasses__():
        yield found
        yield from _subclasses(found)


def events_page() -> str:
    """Every fact that is recorded."""
    for module in pkgutil.iter_modules(audit.__path__):
        if module.name.startswith("events"):
            importlib.import_module(f"{audit.__name__}.{module.name}")
    events = {event.name: event for event in _subclasses(Event) if issubclass(event, Event) and event.name}
    common = {field.name for field in fields(Event)}
    rows = [
        (
            _code(name),
            f"{event.result}, suspicious" if event.suspicious else event.result,
            _sentence(event),
            ", ".join(_code(field.name) for field in fields(event) if field.name not in common),
        )
        for name, event in sorted(events.items())
    ]
    return _page(
        "Events",
        "One row in the audit table, one count in `/metrics` (`gatehouse_events`), one line in the log. Every event has a time, `client_id`,"
        " `user`, `family`, `ip_address` and `request_id`; secrets never enter one.",
        _table(("event", "result", "meaning", "facts of its own"), rows),
    )


def errors_page() -> str:
    """Every way in which the server refuses."""
    kinds = sorted(set(_subclasses(errors.OAuthError)), key=lambda kind: (kind.error, kind.__name__))  # type: ignore[attr-defined]  # subclasses of OAuthError
    rows = [(_code(kind.error), kind.status, _sentence(kind)) for kind in kinds if kind.__module__ == errors.__name__]  # type: ignore[attr-defined]  # as above
    return _page(
        "Errors",
        "What `error` may be, and the HTTP status where the answer is not a redirect. `error_description` is one sentence for the client; a"
        " hint for its developer and a detail for the operator stand in the event.",
        _table(("error", "status", "defined in, and meaning"), rows),
    )


def assurance_page() -> str:
    """The policy: what each way is worth, and what each level needs."""
    return _page(
        "Assurance",
        "What a person may do to sign in, what tokens then say of it (`amr`, RFC 8176; `acr`), and which level that reaches."
        " [How it works](../explanation/assurance.md).",
        "## Levels",
        "From weakest to strongest. Discovery lists them as `acr_values_supported`.",
        _table(
            ("`acr`", "factors that are needed", "meaning"),
            (
                (
                    _code(name),
                    " and ".join(sorted(level.factors)) + (", one of them a key" if level.key else ""),
                    level.sentence,
                )
                for name, level in LEVELS.items()
            ),
        ),
        "## Ways",
        "`mfa` is added to `amr` when both factors came together. A key that its owner may copy to other devices is `swk` instead of `hwk`.",
        _table(
            ("way", "the person", "factor", "`amr`"),
            (
                (
                    _code(name),
                    way.sentence,
                    " and ".join(sorted(way.factors)),
                    ", ".join(_code(word) for word in way.amr),
                )
                for name, way in WAYS.items()
            ),
        ),
    )


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "features.md": features_page,
    "commands.md": commands_page,
    "addresses.md": addresses_page,
    "events.md": events_page,
    "errors.md": errors_page,
    "assurance.md": assurance_page,
}
