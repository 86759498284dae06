# The editor. docker build -t gated-inpaint . ; docker run --rm -p 8300:8300 gated-inpaint --token=A_LONG_SECRET
# Photos come by the page or the API; of a folder: -v "$PWD/photos:/photos:ro", and /photos as the last argument.
FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN pip install --no-cache-dir '/source[editor,heic]' && rm -r /source
RUN useradd --create-home editor
USER editor
EXPOSE 8300
HEALTHCHECK --start-period=60s CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8300/ready')"
ENTRYPOINT ["gated-inpaint", "edit", "--nobrowser", "--host=0.0.0.0"]
