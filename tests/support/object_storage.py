"""Object storage on this machine, for tests: S3 by moto, and an emulator of Google's."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def s3_service() -> Iterator[str]:
    """The URL of a folder for runs in a new bucket; credentials are in the environment meanwhile."""
    from moto.server import ThreadedMotoServer
    from pyarrow import fs

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with mock.patch.dict(os.environ, CREDENTIALS):
            options = f"?scheme=http&endpoint_override={host}:{port}"
            fs.FileSystem.from_uri(f"s3://bucket{options}&allow_bucket_creation=true")[0].create_dir("bucket")
            yield f"s3://bucket/runs{options}"
    finally:
        server.stop()


@contextmanager
def gs_service() -> Iterator[str]:
    """Likewise; nobody asks for credentials."""
    from gcp_storage_emulator.server import create_server

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket")
    server.start()
    try:
        yield f"gs://anonymous@bucket/runs?scheme=http&endpoint_override=127.0.0.1:{port}&retry_limit_seconds=5"
    finally:
        server.stop()
