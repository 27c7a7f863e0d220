# One image, five entry points: `docker run waypost python -m ingest`, and so on.
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY constraints.txt pyproject.toml ./
# Dependencies before sources: a changed line of ours does not install the world again.
RUN uv venv /venv && grep -v -E '^(-e|\./)' constraints.txt > third-party.txt \
    && VIRTUAL_ENV=/venv uv pip install -r third-party.txt
COPY schemas schemas
COPY libs libs
COPY services services
COPY cli cli
COPY deploy/local deploy/local
RUN VIRTUAL_ENV=/venv uv pip install --no-deps \
    ./schemas ./libs/runtime ./libs/messages ./services/ingest ./services/identity ./services/stage-engine \
    ./services/dispatcher ./services/metrics ./deploy/local ./cli

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home waypost && mkdir /data && chown waypost /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONTZPATH="" WAYPOST_BIND=0.0.0.0 WAYPOST_ADMIN_BIND=0.0.0.0
USER 10001
WORKDIR /data
CMD ["waypost", "--help"]
