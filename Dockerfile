# The server and its bundles in one image, made from these sources and the locks alone.
#
# `docker build .`, `podman build .` and `buildah bud .` build it. Both stages begin with BASE: any Debian that has
# Python 3.11 or newer with its venv module under the name python3. Where packages come from is the builder's affair:
# a mirror or a proxy is given to the build (see docs/deploy.md), and nothing of it stays in the image.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
ENV PATH=/build/tools/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/ requirements/
RUN python3 -m venv tools \
    && pip install --quiet --require-hashes --no-deps --requirement requirements/build.txt \
    && python3 -m venv --without-pip /opt/widget-server \
    && pip --python /opt/widget-server/bin/python install --quiet --only-binary=:all: --require-hashes --no-deps \
        --requirement requirements/runtime.txt
COPY widget_js/package.json widget_js/package-lock.json widget_js/
RUN npm ci --prefix widget_js --loglevel=error --no-audit --no-fund --no-update-notifier
COPY . .
RUN npm run --prefix widget_js --silent build \
    && pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/widget-server/bin/python install --quiet --no-deps --no-index dist/*.whl \
    && python3 scripts/lighten.py /opt/widget-server/lib/python3.*/site-packages

FROM ${BASE}
LABEL org.opencontainers.image.title="Widget server" \
    org.opencontainers.image.description="A support chat for any website: the server behind the widget and the agents' console." \
    org.opencontainers.image.licenses="MIT"
RUN echo "widget:x:10001:" >> /etc/group \
    && echo "widget:x:10001:10001:Widget server:/data:/usr/sbin/nologin" >> /etc/passwd \
    && install -d -m 0700 -o 10001 -g 10001 /data
COPY --from=build /opt/widget-server /opt/widget-server
# Reached from outside the container by the public port alone; measures stay inside unless WIDGET_INTERNAL_HOST says
# otherwise. WIDGET_MODE is left out on purpose: without it the server refuses to start.
ENV PATH=/opt/widget-server/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WIDGET_DATA_DIR=/data \
    WIDGET_HOST=0.0.0.0 \
    WIDGET_LOG_STREAM=stdout
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 CMD ["widget-server", "health"]
ENTRYPOINT ["widget-server"]
CMD ["serve", "--require-mode", "--migrate", "--wait", "60"]
