# Production by default: set SECRET_KEY and an https ISSUER (docs/deployment.md).
# The root file system may be read-only; the server writes to /data only.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements requirements
# Install the locked wheels, so that no compiler is needed, and compile them to bytecode once.
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --only-binary :all: --require-hashes -r requirements/build.txt \
 && python -m venv /opt/postern \
 && /opt/postern/bin/pip install --only-binary :all: --require-hashes -r requirements/serve.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY app app
COPY launcher launcher
COPY migrations migrations
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/postern/bin/pip install --no-deps --no-index dist/*.whl \
 && /opt/postern/bin/pip uninstall --yes --quiet pip

FROM python:${PYTHON_VERSION}-slim
LABEL org.opencontainers.image.title="Postern" \
      org.opencontainers.image.description="An async OAuth 2.1 authorization server" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 postern \
 && useradd --uid 10001 --gid postern --no-log-init --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin postern \
 && install --directory --owner postern --group postern --mode 0700 /data
COPY --from=build /opt/postern /opt/postern
ENV PATH=/opt/postern/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_ENV=production \
    HOST=0.0.0.0 \
    PORT=5000
# The default database, ./data/postern.db, is /data/postern.db from this directory.
WORKDIR /
USER 10001:10001
EXPOSE 5000
# Use Python, because the image has no curl; use https if TLS_CERT_FILE is set.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as http, os, ssl, sys; at = ('127.0.0.1', int(os.environ['PORT'])); connection = http.HTTPSConnection(*at, timeout=4, context=ssl._create_unverified_context()) if os.environ.get('TLS_CERT_FILE') else http.HTTPConnection(*at, timeout=4); connection.request('GET', '/health/ready'); sys.exit(connection.getresponse().status != 200)"]
CMD ["postern", "serve"]
