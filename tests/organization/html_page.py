"""What the organization's page has, from its HTML: this needs no browser."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class HTMLPage(HTMLParser):
    """The parts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        """The rows of each table, under the ID of the heading before it, without the head."""
        self.links: list[str] = []
        """The targets of the links in tables."""
        self.bars: list[list[float]] = []
        """For each bar of the chart, the right ends of its parts."""
        self.active: list[str] = []
        """Elements that run or load something."""
        self.text = ""
        self._open: list[str] = []
        self._heading = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        if tag in ("script", "img", "iframe", "object", "embed", "link", "base", "form") or any(
            name.startswith("on") or name in ("src", "action") for name in given
        ):
            self.active.append(tag)
        if tag == "h2":
            self._heading = given["id"]
            self.tables[self._heading] = []
        elif tag == "tr" and "tbody" in self._open:
            self.tables[self._heading].append([])
        elif tag == "td":
            self.tables[self._heading][-1].append("")
        elif tag == "a" and "td" in self._open:
            self.links.append(given["href"])
        elif tag == "g":
            self.bars.append([])
        elif tag == "rect":
            self.bars[-1].append(float(given["x"]) + float(given["width"]))
        elif tag == "title":
            self.titles.append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "title" in self._open:
            self.titles[-1] += data
        elif "td" in self._open:
            self.tables[self._heading][-1][-1] += data
