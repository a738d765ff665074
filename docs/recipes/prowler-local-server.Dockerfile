# Prowler Local Server's API and workers with this plug-in: docs/recipes/prowler-local-server.md.
ARG PROWLER_API_VERSION=stable
FROM prowlercloud/prowler-api:${PROWLER_API_VERSION}

COPY *.whl /tmp/wheels/
# Offline, so that it fails if the server's Prowler does not fit, and does not exchange it for another one.
RUN uv pip install --offline --no-cache --python /home/prowler/.venv /tmp/wheels/*.whl
