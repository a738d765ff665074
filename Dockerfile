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
COPY scripts/install_in_image.sh /

ARG PROWLER_VERSION
RUN sh /install_in_image.sh /source /opt/prowler


FROM python:3.12.13-slim-trixie@sha256:57cd7c3a7a273101a6485ba99423ee568157882804b1124b4dd04266317710de

COPY --from=build /opt/prowler /opt/prowler
# HOME may be written to under any user, as with docker run --user, and if the rest is read-only.
ENV PATH=/opt/prowler/bin:$PATH HOME=/tmp
RUN useradd --uid 1000 --no-create-home prowler \
    && install --directory --owner prowler /reports
USER 1000
WORKDIR /reports
CMD ["prowler-org", "--help"]
