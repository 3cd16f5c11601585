# Stands in for localstack/localstack: the same release from PyPI, on the machine's Python.
ARG BASE
FROM ${BASE}
COPY python /opt/python
# Python's own library is looked for where it was built.
ENV LD_LIBRARY_PATH=/opt/python/lib
COPY localstack.txt /build/
RUN /opt/python/bin/python3 -m venv /venv && /venv/bin/python -m pip install --quiet --no-cache-dir \
    --disable-pip-version-check --require-hashes --no-deps --requirement /build/localstack.txt \
  && mkdir /usr/lib/localstack /var/lib/localstack \
  && chown 10001:10001 /usr/lib/localstack /var/lib/localstack
ENV PATH=/venv/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/tmp GATEWAY_LISTEN=0.0.0.0:4566 \
    SKIP_SSL_CERT_DOWNLOAD=1 DNS_ADDRESS=0
USER 10001:10001
CMD ["python", "-m", "localstack.runtime.main"]
