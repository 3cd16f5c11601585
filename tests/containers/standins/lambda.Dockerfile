# Stands in for public.ecr.aws/lambda/python: a Debian with Python, AWS' runtime interface client,
# boto3, and the bootstrap that starts a handler. SAM adds the layers and the interface emulator.
ARG BASE
FROM ${BASE}
COPY lambda.txt /build/
RUN python3 -m venv /var/lang && /var/lang/bin/python -m pip install --quiet --no-cache-dir \
    --disable-pip-version-check --require-hashes --no-deps --requirement /build/lambda.txt
COPY bootstrap.sh /var/runtime/bootstrap
ENV PATH=/var/lang/bin:/usr/bin:/bin LANG=C.UTF-8 LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime
WORKDIR /var/task
ENTRYPOINT ["/var/runtime/bootstrap"]
