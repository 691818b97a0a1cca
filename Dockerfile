# OnRecord in a container. What it keeps lies in the volume /data; so does its configuration.
#
#     docker build -t onrecord .
#     docker run -v onrecord-data:/data onrecord check       # any verb of the onrecord command
#     docker run -v onrecord-data:/data onrecord             # the bot: run --config /data/onrecord.toml
#
# Tokens are given by the environment (docker run --env-file), never built in.

FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot ./bot
RUN python3 -m venv /opt/onrecord \
    && /opt/onrecord/bin/pip install --quiet --no-cache-dir -c constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin onrecord \
    && install --directory --owner onrecord --group onrecord /data
COPY --from=build /opt/onrecord /opt/onrecord
COPY --chown=onrecord config.example.toml /data/onrecord.toml
ENV PATH="/opt/onrecord/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    ONRECORD_CONFIG=/data/onrecord.toml \
    ONRECORD_HEALTH=http://127.0.0.1:8080/healthz
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python3", "-c", "import os, urllib.request as ask; ask.urlopen(os.environ['ONRECORD_HEALTH'], timeout=4)"]
ENTRYPOINT ["onrecord"]
CMD ["run", "--config", "/data/onrecord.toml"]
