"""Data under an address of the web: read as a file of this machine is, within bounds, or refused in one line."""

import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuner.data.reading import sources
from tuner.data.reading.loading import load_dataset
from tuner.errors import InputError

CSV = b"text,label\n" + b"".join(b"text number %d,%s\n" % (i, b"ab"[i % 2 : i % 2 + 1]) for i in range(20))
PAGES = {
    "/films.csv": CSV,
    "/films.csv.gz": gzip.compress(CSV),
    "/download": CSV,
    "/my%20films.csv": CSV,
    "/page.csv": b"\n<!DOCTYPE html><html>sign in</html>",
}


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/films.csv")
            self.end_headers()
        elif path in PAGES:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGES[path])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.mark.parametrize(
    "page", ["/films.csv", "/films.csv.gz", "/download", "/my%20films.csv", "/films.csv?a=b", "/moved"]
)
def test_a_file_is_read_as_one_of_this_machine_is(tmp_path: Path, server: str, page: str) -> None:
    (tmp_path / "films.csv").write_bytes(CSV)
    here = load_dataset(str(tmp_path / "films.csv"), data_dir=tmp_path)
    there = load_dataset(server + page, data_dir=tmp_path)
    assert there.fingerprint == here.fingerprint
    assert "bytes downloaded from 127.0.0.1" in there.notes[0]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("/missing.csv", r"cannot be downloaded \(.*404"),
        ("/page.csv", "is a web page, not data; give the address of the"),
    ],
)
@pytest.mark.parametrize("option", ["data", "test_data"])
def test_what_is_not_there_is_one_line(tmp_path: Path, server: str, page: str, reason: str, option: str) -> None:
    (tmp_path / "films.csv").write_bytes(CSV)
    places = {"data": str(tmp_path / "films.csv"), option: server + page}
    with pytest.raises(InputError, match=reason) as caught:
        load_dataset(data_dir=tmp_path, **places)
    assert "\n" not in str(caught.value)
    assert (caught.value.option, caught.value.value) == (option, server + page)


def test_too_much_is_refused(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST", 100)
    with pytest.raises(InputError, match=r"cannot be downloaded .*more than"):
        load_dataset(f"{server}/films.csv", data_dir=tmp_path)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/films.csv", "https://", "http://[/x"])
def test_no_server_is_one_line(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="cannot be downloaded"):
        load_dataset(url, data_dir=tmp_path)
