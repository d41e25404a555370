# docsr on a CPU, its networks and Tesseract with English data inside:
#   docker build --tag docsr .
#   docker run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#       --user "$(id -u):$(id -g)" --volume "$PWD/scans:/in:ro" --volume "$PWD/hi:/out" docsr enhance /in --out /out
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml setup.py README.md LICENSE NOTICE ./
COPY docsr docsr
# What is installed is the project that was copied here: pyproject.toml bounds its dependencies.
# hadolint ignore=DL3013
RUN python -m venv --without-pip /opt/docsr \
    && pip --python /opt/docsr/bin/python install --no-cache-dir '.[ocr]'

FROM ${BASE}
# The base's tag says which Debian this is; the newest packages of that are those with its security fixes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends jbig2dec tesseract-ocr tesseract-ocr-eng \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home docsr
COPY --from=build /opt/docsr /opt/docsr
# The byte-code was written when it was installed; the image runs with a file system that cannot be written to.
ENV PATH="/opt/docsr/bin:${PATH}" PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /data
ENTRYPOINT ["docsr"]
CMD ["--help"]
