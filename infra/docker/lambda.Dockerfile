# One Lambda function. FUNCTION is the folder of its package, such as rest_api.
#   docker build -f infra/docker/lambda.Dockerfile --build-arg FUNCTION=rest_api -t groundwork-rest-api .
ARG BASE=python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254

FROM ${BASE} AS packages
# binutils is for strip; nothing of it goes into the image.
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends binutils \
  && rm -rf /var/lib/apt/lists/*
COPY infra/docker/slim.py infra/docker/collect.py requirements/lambda.txt /build/
COPY layers/deps/requirements.txt /build/requirements.txt
RUN python3 -m venv /venv \
  && /venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-compile \
    --require-hashes --no-deps --requirement /build/requirements.txt --requirement /build/lambda.txt \
  && /venv/bin/python /build/slim.py \
  && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -j 0 /venv/lib \
  && /venv/bin/python /build/collect.py /rootfs

FROM packages AS build
ARG FUNCTION
# What the template gives to one function only, by a layer of its own.
COPY layers/pages/requirements.txt /build/fetch.txt
COPY layers/languages/requirements.txt /build/document_marks.txt
RUN if [ -e "/build/${FUNCTION:?}.txt" ]; then \
    python3 -m venv /installer \
    && /installer/bin/python -m pip --python /venv/bin/python install --quiet --no-cache-dir \
      --disable-pip-version-check --no-compile --require-hashes --no-deps --requirement "/build/${FUNCTION}.txt" \
    && rm -rf /installer /rootfs \
    && /venv/bin/python /build/slim.py \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -j 0 /venv/lib \
    && /venv/bin/python /build/collect.py /rootfs; fi
COPY layers/core/groundwork_core /app/groundwork_core
COPY layers/data/groundwork_data /app/groundwork_data
COPY layers/runtime/groundwork_runtime /app/groundwork_runtime
COPY layers/client/groundwork_client /app/groundwork_client
COPY infra/docker/lambda_entry.py /app/
COPY functions/groundwork_functions/__init__.py /app/groundwork_functions/
COPY functions/groundwork_functions/${FUNCTION:?} /app/groundwork_functions/${FUNCTION:?}
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -j 0 /app

FROM scratch
ARG FUNCTION
COPY --from=build /rootfs /
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin LANG=C.UTF-8 PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 \
    LAMBDA_TASK_ROOT=/app FUNCTION_HANDLER=groundwork_functions.${FUNCTION}.handler.handler
WORKDIR /app
USER 10001:10001
# Lambda watches its functions itself.
HEALTHCHECK NONE
ENTRYPOINT ["/venv/bin/python", "/app/lambda_entry.py"]
