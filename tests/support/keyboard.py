"""A person who has a keyboard and no mouse, and knows where they are by what a screen reader says."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page, expect

FAR: Final = 40  # more presses than any way on these pages takes
# Can the stop be seen, and all of its beginning? (WCAG 2.2 §2.4.7, §2.4.11)
_SEEN: Final = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const inside = box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
  return inside && getComputedStyle(at).outlineStyle !== "none";
}"""
# The browser gives a field the focus that asks for it, some time after the page has come.
_SETTLED: Final = "() => document.activeElement !== document.body || !document.querySelector('[autofocus]')"


class Keyboard:
    """The keys of a page's browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._tools: Any = page.context.new_cdp_session(page)

    def name_of_focus(self) -> str:
        """What a screen reader says of the element with the focus: role and name, as the browser computes them."""
        node = self._tools.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
        asked = {"objectId": node, "fetchRelatives": False}
        found = self._tools.send("Accessibility.getPartialAXTree", asked)["nodes"][0]
        return f"{found['role']['value']} {found.get('name', {}).get('value', '')}".strip()

    def _settle(self) -> None:
        for _ in range(100):
            if self.page.evaluate(_SETTLED):
                return
            self.page.wait_for_timeout(20)

    def tab_to(self, name: str) -> None:
        """Press Tab until the focus is there; it can be seen at each stop."""
        self._settle()
        passed: list[str] = []
        while len(passed) < FAR:
            self.page.keyboard.press("Tab")
            passed.append(self.name_of_focus())
            assert self.page.evaluate(_SEEN), passed
            if passed[-1] == name:
                return
        raise AssertionError((name, passed))

    def skip(self) -> None:
        """Past the navigation."""
        self.tab_to("link Skip to the content")
        self.page.keyboard.press("Enter")

    def type(self, name: str, text: str) -> None:
        """Into the field of that name, which may have the focus already."""
        self._settle()
        if self.name_of_focus() != f"textbox {name}":
            self.tab_to(f"textbox {name}")
        self.page.keyboard.type(text)

    def press(self, name: str, heading: str) -> None:
        """A link or a button, and wait for the page that it leads to."""
        self.tab_to(name)
        self.enter(heading)

    def enter(self, heading: str) -> None:
        """Send the form that the focus is in, or what has the focus, and wait for the page."""
        self.page.keyboard.press("Enter")
        self.arrived(heading)

    def arrived(self, heading: str) -> None:
        """The page with this first heading is there."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self.page.wait_for_load_state("load")
