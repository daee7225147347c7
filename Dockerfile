# Not run here: this image was written where no Docker daemon runs, and was never built. Its steps are those of the
# Makefile, which are tested. Pin the base image by digest before you rely on it.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/moodbridge
ENV PATH=/opt/moodbridge/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The first part of the lock file is what running needs. A layer of its own: it changes seldom.
COPY requirements.lock .
RUN sed '/^# Tests and checks/,$d' requirements.lock > run.lock \
 && pip install --require-hashes --only-binary :all: -r run.lock
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
COPY connectors connectors
COPY jobs jobs
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin moodbridge \
 && install --directory --owner moodbridge --group moodbridge --mode 0700 /data
COPY --from=build /opt/moodbridge /opt/moodbridge
COPY LICENSE /usr/share/doc/moodbridge/LICENSE
# HOST is set because a container's own loopback cannot be reached from outside; TLS is the proxy's work.
ENV PATH=/opt/moodbridge/bin:$PATH PYTHONUNBUFFERED=1 \
    MOODBRIDGE_DATA_DIR=/data MOODBRIDGE_LOG_FORMAT=json HOST=0.0.0.0 PORT=8080
USER moodbridge
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
CMD ["moodbridge", "up"]
