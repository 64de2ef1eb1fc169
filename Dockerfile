# syntax=docker/dockerfile:1
# docker build -t voxcor . && docker run -p 127.0.0.1:7860:7860 -e VOXCOR_API_KEY=... -v voxcor:/data voxcor

FROM python:3.12-slim AS build
RUN python -m venv /opt/voxcor
ENV PATH=/opt/voxcor/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY requirements/server.txt requirements/
RUN pip install --require-hashes --requirement requirements/server.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
# What builds the package is among what was just installed.
RUN pip install --no-deps --no-build-isolation . && python -m compileall -q /opt/voxcor

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin voxcor \
    && install --directory --owner voxcor --group voxcor --mode 0700 /data
COPY --from=build /opt/voxcor /opt/voxcor
ENV PATH=/opt/voxcor/bin:$PATH PYTHONDONTWRITEBYTECODE=1 VOXCOR_HOME=/data
USER voxcor
WORKDIR /data
VOLUME /data
EXPOSE 7860
# Loading plus-large from a slow disk takes a while; until then the container is starting, not ill.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/readyz')"]
# Within a container loopback reaches nobody: every address, and so an API key, see docs/deploy.md.
ENTRYPOINT ["voxcor"]
CMD ["serve", "--host", "0.0.0.0"]
