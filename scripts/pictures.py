"""Take the pictures in ``docs/images``: what real scans print and write.

The scans are of the demo's users and of its organization, with Chromium as the reader. The HTML
report gets its style sheets and scripts from the internet. Without one, give ``--node-modules``, a
folder where npm installed the same versions of the same packages:

    npm install bootstrap@4.5.0 jquery@3.5.1 datatables.net@1.10.25 datatables.net-dt@1.10.25 \
        datatables.net-buttons@1.7.1 datatables.net-buttons-dt@1.7.1 datatables.net-select@1.3.3 \
        datatables.net-select-dt@1.3.3 datatables.net-searchpanes@1.4.0 \
        datatables.net-searchpanes-dt@1.4.0 @fortawesome/fontawesome-free@5.10.0
"""

from __future__ import annotations

import argparse
import html
import re
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import dashboard

from demo import organization
from demo.__main__ import CHECK
from demo.mutelist import muting
from demo.population import populate
from embedded_aws.aws import EmbeddedAWS

from .compliance_framework import UNIVERSAL

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FIRST_SCAN = ("prowler", "aws", "--checks", CHECK, "--verbose")
"""The command whose output and report are shown."""
COMPLIANCE_SCAN = ("prowler", "aws", "--compliance", UNIVERSAL.stem)
ORGANIZATION_SCAN = ("prowler-org", "--role", "ProwlerScan")
SOME_USERS = (
    "backup-nightly", "bob.martins", "etl-loader", "legacy-ftp-sync", "terraform-apply",
)  # fmt: skip
"""As many of the demo's users as a picture can hold; their findings differ."""
UNREADABLE_USER = "legacy-ftp-sync"

# Where the report gets what from, and where npm puts the same.
DATATABLES = "https://cdn.datatables.net/v/dt/jqc-1.12.4/dt-1.10.25/b-1.7.1/sp-1.4.0/sl-1.3.3"
BOOTSTRAP = "https://stackpath.bootstrapcdn.com/bootstrap/4.5.0"
PACKAGED = {
    f"{BOOTSTRAP}/css/bootstrap.min.css": ("bootstrap/dist/css/bootstrap.min.css",),
    f"{BOOTSTRAP}/js/bootstrap.bundle.min.js": ("bootstrap/dist/js/bootstrap.bundle.min.js",),
    "https://code.jquery.com/jquery-3.5.1.min.js": ("jquery/dist/jquery.min.js",),
    "https://pro.fontawesome.com/releases/v5.10.0/css/all.css": (
        "@fortawesome/fontawesome-free/css/all.css",
    ),
    f"{DATATABLES}/datatables.min.css": (
        "datatables.net-dt/css/jquery.dataTables.min.css",
        "datatables.net-buttons-dt/css/buttons.dataTables.min.css",
        "datatables.net-searchpanes-dt/css/searchPanes.dataTables.min.css",
        "datatables.net-select-dt/css/select.dataTables.min.css",
    ),
    f"{DATATABLES}/datatables.min.js": (
        "datatables.net/js/jquery.dataTables.min.js",
        "datatables.net-dt/js/dataTables.dataTables.min.js",
        "datatables.net-buttons/js/dataTables.buttons.min.js",
        "datatables.net-buttons-dt/js/buttons.dataTables.min.js",
        "datatables.net-searchpanes/js/dataTables.searchPanes.min.js",
        "datatables.net-searchpanes-dt/js/searchPanes.dataTables.min.js",
        "datatables.net-select/js/dataTables.select.min.js",
    ),
}
# The report's logo is a file in Prowler's repository; Prowler's dashboard comes with one.
LOGO = Path(next(iter(dashboard.__path__))) / "assets" / "logo.png"

TERMINAL = """<!DOCTYPE html><meta charset="utf-8">
<style>body {{ background: #1e1e1e; margin: 0 }}
pre {{ color: #ddd; font: 22px/1.16 "DejaVu Sans Mono", monospace; margin: 0; padding: 22px;
white-space: pre-wrap; tab-size: 8 }}</style><pre>{}</pre>"""
MEASURE = """<!DOCTYPE html><iframe src="{page}" style="width: {width}px; height: 10px; border: 0">
</iframe><script>document.querySelector("iframe").onload = event => {{
  document.body.textContent = event.target.contentDocument.documentElement.scrollHeight;
}}</script>"""
BELOW_THE_HEADER = """<!DOCTYPE html><style>body { margin: 0; overflow: hidden }
iframe { width: 100vw; height: 2000px; margin-top: -335px; border: 0 }</style>
<iframe src="%s"></iframe>"""
"""The report without its first 335 pixels, which are Prowler's summary of the run."""
COLOURS = {
    "31": "#f14c4c",
    "91": "#f14c4c",
    "32": "#23d18b",
    "33": "#e5e510",
    "34": "#3b8eea",
    "35": "#d670d6",
    "38;5;208": "#ff8700",
}
ESCAPE = re.compile(r"\x1b\[([\d;]*)m")


def main() -> int:
    """Scan, then write all pictures."""
    parser = argparse.ArgumentParser(prog="python -m scripts.pictures", description=__doc__)
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--node-modules", type=Path)
    arguments = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder, camera = Path(name), Camera(arguments.chromium)
        _picture_first_scan(folder / "first", camera, arguments.node_modules)
        _picture_compliance(folder / "compliance", camera)
        _picture_organization(folder / "organization", camera)
    return 0


def _picture_first_scan(folder: Path, camera: Camera, node_modules: Path | None) -> None:
    """What a scan of a few users prints, and its HTML report."""
    with EmbeddedAWS() as aws:
        populate(aws)
        users = aws.iam().users
        for name in set(users) - set(SOME_USERS):
            del users[name]
        _deny(aws, UNREADABLE_USER)
        output = _run(aws, folder, *FIRST_SCAN, "--no-banner")
    (report,) = folder.glob("output/*.html")
    if node_modules:
        localize(report, node_modules.resolve())
    camera.terminal(folder, FIRST_SCAN, findings(output), IMAGES / "finding.png", 1440)
    table = report.with_name("table.html")
    table.write_text(BELOW_THE_HEADER % report.name, "utf-8")
    camera.take(table, IMAGES / "html-report.png", (1500, 760))


def _picture_compliance(folder: Path, camera: Camera) -> None:
    """What a scan of all users of the demo prints about the framework."""
    folder.mkdir()
    (folder / "mutelist.yaml").write_text(muting("break-glass-.*"), "utf-8")
    with EmbeddedAWS() as aws:
        populate(aws)
        _deny(aws, UNREADABLE_USER)
        options = ("--region", aws.region, "--mutelist-file", "mutelist.yaml")
        output = _run(aws, folder, *COMPLIANCE_SCAN, *options, "--no-banner")
    table = compliance_table(output)
    camera.terminal(folder, COMPLIANCE_SCAN, table, IMAGES / "compliance-table.png", 1200)


def _deny(aws: EmbeddedAWS, user: str) -> None:
    """Deny all calls about a user; and let AWS hold a report, as a new one would tell its keys."""
    aws.hold_report(timedelta(hours=1))
    aws.behaviour.denied_users = frozenset({user})


def _picture_organization(folder: Path, camera: Camera) -> None:
    """The page about the demo's organization."""
    with EmbeddedAWS() as aws:
        organization.populate(aws)
        _run(aws, folder, *ORGANIZATION_SCAN)
    (page,) = folder.glob("output/prowler-org-*.html")
    camera.take(page, IMAGES / "organization.png", (1000, 735))


def localize(report: Path, node_modules: Path) -> None:
    """Let a report take from ``node_modules`` what it takes from the internet."""
    text = report.read_text("utf-8")
    for url, files in PACKAGED.items():
        elements = "\n".join(_element((node_modules / file).as_uri()) for file in files)
        text = re.sub(rf'<(?:link|script)[^>]*"{re.escape(url)}"[^>]*>(</script>)?', elements, text)
    text = re.sub(r"src=\S*prowler-logo-black\.png", f'src="{LOGO.as_uri()}"', text)
    report.write_text(text, "utf-8")


def compliance_table(output: str) -> str:
    """What Prowler prints about the framework: the end of its output, without the file names."""
    start = output.index("Compliance Status of")
    return output[start : output.index("Detailed results of", start)].strip()


def findings(output: str) -> str:
    """What Prowler prints of a scan: without the account before it and the file names after."""
    start = output.index("Check ID: ")
    return output[start : output.index("Detailed results are in", start)].strip()


def as_html(text: str) -> str:
    """A terminal's colours and bold print as HTML."""
    parts = ESCAPE.split(text)
    pieces = [html.escape(parts[0])]
    for codes, printed in zip(parts[1::2], parts[2::2], strict=True):
        colour = COLOURS.get(codes)
        style = f"color: {colour}" if colour else "font-weight: bold" if codes == "1" else ""
        pieces.append(f'<span style="{style}">{html.escape(printed)}</span>')
    return "".join(pieces)


def _element(address: str) -> str:
    if address.endswith(".css"):
        return f'<link rel="stylesheet" href="{address}">'
    return f'<script src="{address}"></script>'


def _run(aws: EmbeddedAWS, folder: Path, program: str, *arguments: str) -> str:
    """Run a program of this environment in ``folder``, and return what it printed."""
    folder.mkdir(exist_ok=True)
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    scan = subprocess.run(
        command, env=aws.environment(), cwd=folder, stdout=subprocess.PIPE, text=True, check=False
    )
    return scan.stdout


class Camera:
    """Chromium, as something that makes a PNG of a page."""

    def __init__(self, chromium: str) -> None:
        self._chromium = chromium

    def terminal(
        self, folder: Path, command: tuple[str, ...], output: str, picture: Path, width: int
    ) -> None:
        """Take a picture of a terminal, so many pixels wide, with a command and its output."""
        page = folder / f"{picture.stem}.html"
        prompt = f"\x1b[1m$ {' '.join(command)}\x1b[0m\n\n"
        page.write_text(TERMINAL.format(as_html(prompt + output)), "utf-8")
        self.take(page, picture, (width, self._height(page, width)), pixels=1)

    def take(self, page: Path, picture: Path, size: tuple[int, int], pixels: float = 1.5) -> None:
        """Take a picture of a page in a window of this size, with more pixels to be sharp."""
        width, height = size
        window = (f"--window-size={width},{height}", f"--force-device-scale-factor={pixels}")
        self._open(page, *window, f"--screenshot={picture}")

    def _height(self, page: Path, width: int) -> int:
        wrapper = page.with_name("wrapper.html")
        wrapper.write_text(MEASURE.format(page=page.name, width=width), "utf-8")
        shown = self._open(wrapper, "--allow-file-access-from-files", "--dump-dom")
        found = re.search(r"<body[^>]*>(\d+)</body>", shown)
        if not found:
            raise RuntimeError(f"Chromium did not say how high {page.name} is: {shown}")
        return int(found[1])

    def _open(self, page: Path, *options: str) -> str:
        with tempfile.TemporaryDirectory() as profile:
            command = [
                self._chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-quic", f"--user-data-dir={profile}",
                "--virtual-time-budget=20000", *options, page.as_uri(),
            ]  # fmt: skip
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
