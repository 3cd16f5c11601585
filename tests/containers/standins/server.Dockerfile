# Adds the files of one server on Java to the stand-ins' image.
ARG BASE
FROM ${BASE}
COPY server /server
USER root
RUN mkdir -p /usr/share/opensearch/data && chown 1000:1000 /usr/share/opensearch/data \
  && echo opensearch:x:1000:1000::/tmp:/bin/sh >> /etc/passwd
USER 1000:1000
