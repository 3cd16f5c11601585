# The host, the migration job and the fetcher. Targets: host, migrate, fetch.
#   docker build -f infra/docker/host.Dockerfile --target host -t groundwork-host .
ARG BASE=python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254

FROM ${BASE} AS build
# binutils is for strip; nothing of it goes into the image.
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends binutils \
  && rm -rf /var/lib/apt/lists/*
COPY infra/docker/slim.py infra/docker/collect.py /build/
COPY requirements/container.txt /build/
RUN python3 -m venv /venv \
  && /venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-compile \
    --require-hashes --no-deps --requirement /build/container.txt \
  && /venv/bin/python /build/slim.py
COPY template.yaml /app/
COPY migrations /app/migrations
COPY layers /app/layers
COPY functions /app/functions
COPY infra/command /app/infra/command
COPY infra/lambda_host /app/infra/lambda_host
RUN printf '/app/%s\n' layers/core layers/data layers/runtime layers/client functions infra/command infra/lambda_host \
    > "$(/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/groundwork.pth" \
  && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -j 0 /venv/lib /app \
  && /venv/bin/python /build/collect.py /rootfs \
  && mkdir -p /state/exports

# Without a distribution: no shell, no package manager.
FROM scratch AS image
COPY --from=build /rootfs /
COPY --from=build /venv /venv
COPY --from=build /app /app
# A volume on /state/exports, shared by the hosts of one machine, belongs to their user then.
COPY --from=build --chown=10001:10001 /state /state
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin LANG=C.UTF-8 GROUNDWORK_ROOT=/app GROUNDWORK_ADDRESS=0.0.0.0 \
    GROUNDWORK_HOME=/state PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
WORKDIR /app
USER 10001:10001

FROM image AS migrate
HEALTHCHECK NONE
ENTRYPOINT ["/venv/bin/python", "-m", "groundwork_command"]
CMD ["migrate", "--wait", "120"]

FROM image AS host
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s --retries=3 \
  CMD ["/venv/bin/python", "-m", "groundwork_command.health"]
ENTRYPOINT ["/venv/bin/python", "-m", "groundwork_command"]
CMD ["serve"]

FROM host AS fetch
ENV GROUNDWORK_FUNCTIONS=Fetch,Webhooks
