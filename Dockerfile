# Prowler with this plug-in, for AWS: docs/recipes/container.md.
FROM python:3.12.13-slim-trixie@sha256:57cd7c3a7a273101a6485ba99423ee568157882804b1124b4dd04266317710de AS build

# Some of what Prowler depends on has no wheel for every processor. The compiler stays in this stage.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --no-install-recommends --yes gcc libc6-dev
RUN pip install --no-cache-dir uv==0.13.9

COPY pyproject.toml setup.py README.md LICENSE /source/
COPY checks /source/checks
COPY key_ranking /source/key_ranking
COPY metadata /source/metadata
COPY prowler_org /source/prowler_org

ARG PROWLER_VERSION=5.46.0
RUN python -m venv --without-pip /opt/prowler
RUN uv pip install --no-cache --python /opt/prowler /source "prowler==${PROWLER_VERSION}"
# The three largest packages are of other clouds, 500 MB of 1.4 GB, and a scan of AWS does not load them.
RUN uv pip uninstall --python /opt/prowler google-api-python-client msgraph-sdk oci
# The user of the image cannot write there. So what a run loads is compiled here, and no more than that.
RUN /opt/prowler/bin/prowler aws --list-checks > /dev/null \
    && /opt/prowler/bin/prowler-org --help > /dev/null \
    && /opt/prowler/bin/prowler-access-keys --help > /dev/null


FROM python:3.12.13-slim-trixie@sha256:57cd7c3a7a273101a6485ba99423ee568157882804b1124b4dd04266317710de

COPY --from=build /opt/prowler /opt/prowler
# HOME may be written to under any user, as with docker run --user, and if the rest is read-only.
ENV PATH=/opt/prowler/bin:$PATH HOME=/tmp
RUN useradd --uid 1000 --no-create-home prowler \
    && install --directory --owner prowler /reports
USER 1000
WORKDIR /reports
CMD ["prowler-org", "--help"]
