"""Take the pictures in ``docs/images``: the HTML report and the compliance table of a real scan.

The scan is of the demo's users, with Chromium as the reader. The report gets its style sheets and
scripts from the internet. Without one, give ``--node-modules``, a folder where npm installed the
same versions of the same packages:

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
from pathlib import Path

import dashboard

from demo.__main__ import CHECK
from demo.embedded_aws import EmbeddedAWS
from demo.population import populate

from .compliance_framework import UNIVERSAL

IMAGES = Path(__file__).parents[1] / "docs" / "images"
UNREADABLE_USER = "legacy-ftp-sync"
MUTELIST = f"""
Mutelist:
  Accounts:
    "*":
      Checks:
        "{CHECK}":
          Regions: ["*"]
          Resources: ["break-glass-.*"]
"""

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
<style>body {{ background: #1e1e1e; margin: 16px }}
pre {{ color: #ddd; font: 15px/1.16 "DejaVu Sans Mono", monospace }}</style><pre>{}</pre>"""
COLOURS = {
    "31": "#f14c4c",
    "32": "#23d18b",
    "33": "#e5e510",
    "38;5;208": "#ff8700",
}
ESCAPE = re.compile(r"\x1b\[([\d;]*)m")


def main() -> int:
    """Scan, then write both pictures."""
    parser = argparse.ArgumentParser(prog="python -m scripts.pictures", description=__doc__)
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--node-modules", type=Path)
    arguments = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, EmbeddedAWS() as aws:
        folder = Path(name)
        populate(aws)
        aws.behaviour.denied_users = frozenset({UNREADABLE_USER})
        _scan(aws, folder, "--checks", CHECK, "--output-formats", "html")
        (report,) = folder.glob("output/*.html")
        if arguments.node_modules:
            localize(report, arguments.node_modules.resolve())
        output = _scan(aws, folder, "--compliance", UNIVERSAL.stem, "--region", aws.region)
        table = folder / "table.html"
        table.write_text(TERMINAL.format(as_html(compliance_table(output))), "utf-8")
        _photograph(arguments.chromium, report, IMAGES / "html-report.png", (1600, 960))
        _photograph(arguments.chromium, table, IMAGES / "compliance-table.png", (830, 330))
    return 0


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


def _scan(aws: EmbeddedAWS, folder: Path, *arguments: str) -> str:
    (folder / "mutelist.yaml").write_text(MUTELIST, "utf-8")
    program = Path(sys.executable).with_name("prowler")
    command = [str(program), "aws", *arguments, "--mutelist-file", "mutelist.yaml", "--no-banner"]
    scan = subprocess.run(
        command, env=aws.environment(), cwd=folder, stdout=subprocess.PIPE, text=True, check=False
    )
    return scan.stdout


def _photograph(chromium: str, page: Path, picture: Path, size: tuple[int, int]) -> None:
    width, height = size
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-quic", f"--user-data-dir={profile}",
            f"--window-size={width},{height}", "--virtual-time-budget=20000",
            f"--screenshot={picture}", page.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
