"""What a real browser makes of a page, without a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--virtual-time-budget=20000",
)  # fmt: skip
WRAPPER = """
<body><iframe src="{page}" style="width: {width}px; height: 800px; border: 0"></iframe><script>
document.querySelector("iframe").onload = event => {{
  const seen = event.target.contentDocument, root = seen.scrollingElement;
  const cells = row => [...row.cells].map(cell => cell.innerText);
  const all = selector => [...seen.querySelectorAll(selector)];
  document.body.textContent = JSON.stringify({{
    "title": seen.title,
    "text": root.innerText,
    "rows": all("h2#accounts ~ div tbody tr").map(cells),
    "not_scanned": all("h2#not-scanned + div tbody tr").map(cells),
    "links": all("main table a").map(link => link.href),
    "bars": all("svg g").map(bar => bar.querySelectorAll("rect").length),
    "widest_bar": Math.max(0, ...all("svg g").map(bar => bar.getBBox().x + bar.getBBox().width)),
    "active": all("script, img, iframe, object, link, [onerror], [onload]").length,
    "loaded": event.target.contentWindow.performance.getEntriesByType("resource").length,
    "too_wide": root.scrollWidth > root.clientWidth,
  }});
}};
</script></body>
"""


@dataclass(frozen=True)
class Seen:
    """A page as the browser shows it."""

    title: str
    text: str
    rows: list[list[str]]
    """The cells of the table of accounts."""
    not_scanned: list[list[str]]
    links: list[str]
    bars: list[int]
    """The number of parts of each bar of the chart."""
    widest_bar: float
    active: int
    """The number of elements that run or load something."""
    loaded: int
    """The number of other files that the page loaded."""
    too_wide: bool


def look_at(page: Path, width: int = 1000) -> Seen:
    """Open a page in a window so many pixels wide. Skips the test where there is no Chromium."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium to look at the page with")
    wrapper = page.with_name("wrapper.html")
    wrapper.write_text(WRAPPER.format(page=page.name, width=width))
    profile = page.with_name("profile")
    shown = subprocess.run(
        [program, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", wrapper.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    body = re.search(r"<body>(.*)</body>", shown, re.DOTALL)
    assert body, shown
    seen: dict[str, Any] = json.loads(html.unescape(body[1]))
    return Seen(**seen)
