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
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None)
needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason=f"shows the page in a browser: install one of {', '.join(NAMES)}"
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--virtual-time-budget=20000",
)  # fmt: skip
WRAPPER = """
<body><iframe src="{page}" style="width: {width}px; height: 800px; border: 0"></iframe><script>
document.querySelector("iframe").onload = event => {{
  const seen = event.target.contentDocument, root = seen.scrollingElement;
  document.body.textContent = JSON.stringify({{
    "title": seen.title,
    "rows": seen.querySelectorAll("tbody tr").length,
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
    rows: int
    """The number of accounts in the tables."""
    loaded: int
    """The number of other files that the page loaded."""
    too_wide: bool
    """Whether a reader has to scroll sideways."""


def look_at(page: Path, width: int = 1000) -> Seen:
    """Open a page in a window that is ``width`` pixels wide."""
    assert PROGRAM
    wrapper = page.with_name("wrapper.html")
    wrapper.write_text(WRAPPER.format(page=page.name, width=width))
    profile = page.with_name("profile")
    shown = subprocess.run(
        [PROGRAM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", wrapper.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    body = re.search(r"<body>(.*)</body>", shown, re.DOTALL)
    assert body, shown
    seen: dict[str, Any] = json.loads(html.unescape(body[1]))
    return Seen(**seen)
