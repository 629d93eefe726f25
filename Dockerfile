# One image for every process; docker-compose.yml gives each its command.
# GDAL and GEOS come with the pyogrio and shapely wheels (Debian's GDAL is too old for Django), so nothing is apt-installed.

FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt /
# A pip configuration of your own: docker build --secret id=pip,src=/etc/pip.conf .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home sanxian && install -d -o sanxian /data
COPY --from=packages /venv /venv
COPY . /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data STATIC_ROOT=/app/static-files
RUN SECRET_KEY=only-while-building DATABASE_URL=postgres://none@none/none REDIS_URL=redis://none \
    python manage.py collectstatic --noinput
USER sanxian
EXPOSE 8000
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0"]
