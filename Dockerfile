# The broker in an image: built once, run by an unprivileged user, fit for a read-only root filesystem.
# `docker build -t guest-broker .`; state (config/, keys/, var/) lives in the volume /home/broker and nowhere else.

FROM python:3.13-slim AS build
COPY requirements/run.txt /build/run.txt
RUN python -m venv /opt/broker
RUN /opt/broker/bin/python -m pip install --no-cache-dir --quiet --no-deps --require-hashes --only-binary :all: --requirement /build/run.txt
RUN /opt/broker/bin/python -m pip check
COPY broker /opt/broker/app/broker
RUN PYTHONPATH=/opt/broker/app /opt/broker/bin/python -c "from broker.web.catalogues import compile_all; compile_all()"
RUN PYTHONPATH=/opt/broker/app /opt/broker/bin/python -m compileall -q /opt/broker/app
RUN PYTHONPATH=/opt/broker/app /opt/broker/bin/python -m broker --help

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/broker --shell /usr/sbin/nologin broker
COPY --from=build /opt/broker /opt/broker
ENV PATH=/opt/broker/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/broker/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BROKER_HOME=/home/broker
USER 10001
WORKDIR /home/broker
VOLUME /home/broker
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "broker"]
CMD ["serve", "--bind", "0.0.0.0:8080"]
