#!/bin/sh
# Makes what the image has in /opt/prowler: Dockerfile runs this, and `make image` without an engine.
# Usage: install_in_image.sh SOURCE TARGET, a folder with the sources and one that does not exist yet.
set -eu
source=$1
target=$2

python -m venv --without-pip "$target"
uv pip install --no-cache --python "$target" "$source" "prowler==${PROWLER_VERSION:-5.46.0}"
# The three largest packages are of other clouds, 500 MB of 1.4 GB, and a scan of AWS does not load them.
uv pip uninstall --python "$target" google-api-python-client msgraph-sdk oci
# The user of the image cannot write there. So what a run loads is compiled here, and no more than that.
"$target/bin/prowler" aws --list-checks > /dev/null
"$target/bin/prowler-org" --help > /dev/null
"$target/bin/prowler-access-keys" --help > /dev/null
