"""The server over real HTTP: what it answers, and whom it refuses."""

from __future__ import annotations

import contextlib
import gc
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from longalpaca_data.mix.reviews import REVIEWS, read_reviews
from longalpaca_data.review.guard import TOKEN_HEADER, Guard, is_loopback
from tests.built import long_row, write_set
from tests.review.served import KEY, Served, rows, serving, small_set

REJECT = {"id": "key", "decision": "reject"}


def test_list_row_and_material(served: Served) -> None:
    found = served.get("/api/select", task="book_qa", words="HOW LONG").json()
    assert found["ids"] == ["lamp"]
    (line,) = served.get("/api/lines", id=["lamp"]).json()
    assert line["snippet"] == "How long did the lamp burn?"
    head, material = served.get("/api/row", id="key").content.split(b"\n", 1)
    about, text = json.loads(head), material.decode()
    first = about["evidence"][0]
    assert text[first["from"] : first["to"]] == KEY
    assert about["texts"]["output"]["original"] == "Under the third stone."


def test_a_decision_is_answered_when_it_is_on_disk(served: Served) -> None:
    answer = served.decide("key", decision="accept", note="好")
    assert answer.json()["line"]["review"]["note"] == "好"
    assert read_reviews(served.folder)["key"].decision == "accept"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "192.168.1.10"},
        {"Host": "[broken"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {TOKEN_HEADER: ""},
        {TOKEN_HEADER: "not it"},
        {TOKEN_HEADER: "nicht dås"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data"},
    ],
    ids=str,
)
def test_others_are_refused(served: Served, headers: dict[str, str]) -> None:
    sent = {name: value.encode() for name, value in headers.items()}
    json_type: dict[str, Any] = {"Content-Type": b"application/json"}
    answer = served.http.post(
        f"{served.base}/api/decide", data=json.dumps(REJECT), headers={**json_type, **sent}
    )
    assert 400 <= answer.status_code < 500
    assert not (served.folder / REVIEWS).exists()
    if "Content-Type" not in headers:  # what is read is as private as what is written
        for path in ("set", "select", "lines?id=key", "row?id=key"):
            answer = served.http.get(f"{served.base}/api/{path}", headers=sent)
            assert 400 <= answer.status_code < 500
            assert KEY not in answer.text


def test_the_page_itself_may_speak(served: Served) -> None:
    headers = {"Origin": served.base, "Sec-Fetch-Site": "same-origin"}
    assert served.http.post(f"{served.base}/api/decide", json=REJECT, headers=headers).ok
    port = served.base.rpartition(":")[2]
    for name in (f"localhost:{port}", f"[::1]:{port}", "127.0.0.1"):
        assert served.http.get(f"{served.base}/api/set", headers={"Host": name}).ok


def test_no_request_writes_but_a_post(served: Served) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = served.http.request(method, f"{served.base}/api/decide", json=REJECT)
        assert answer.status_code == 405
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert not (served.folder / REVIEWS).exists()


@pytest.mark.parametrize(
    "path",
    ["/../cli.py", "/%2e%2e/manifest.json", "/..%2fserver.py", "/static/review.js", "/etc/passwd",
     "/api/../server.py", "//etc/passwd", "/review.jsonl", "/manifest.json", "/\x00", "/api/"],
)  # fmt: skip
def test_no_path_leads_to_the_disk(served: Served, path: str) -> None:
    host, port = served.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{TOKEN_HEADER}: {served.token}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in {b"400", b"404"}


@pytest.mark.parametrize(
    "path", ["/", "/review.js", "/api/set", "/api/row?id=key", "/no", "/api/x"]
)
def test_every_answer_carries_the_policy(served: Served, path: str) -> None:
    for session in (served.http, requests):
        headers = session.get(f"{served.base}{path}").headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "aiohttp" not in headers["Server"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[1]", 400),
        (b'{"id": "key", "decision": "maybe"}', 400),
        (b'{"id": "key", "colour": "red"}', 400),
        (b'{"id": "key", "note": null}', 400),
        (b'{"id": "key", "note": "\xff"}', 400),
        (b'{"id": "key", "note": "\\ud83e"}', 400),
        (b'{"id": "key", "output": " "}', 422),
        (b'{"id": "key", "output": "\\u0000"}', 422),
        (b'{"id": "gone", "decision": "reject"}', 404),
        (b'{"id": "key", "note": "' + b"x" * (5 << 20) + b'"}', 413),
    ],
)
def test_a_bad_decision_is_refused_in_one_line(served: Served, body: bytes, status: int) -> None:
    answer = served.http.post(
        f"{served.base}/api/decide", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert answer.json()["error"].count("\n") == 0
    assert not (served.folder / REVIEWS).exists()


@pytest.mark.parametrize(
    "query", [{"state": "maybe"}, {"tokens_min": "many"}, {"colour": "red"}, {"order": "nice"}]
)
def test_a_bad_query_is_refused(served: Served, query: dict[str, str]) -> None:
    assert served.get("/api/select", **query).status_code == 400


def test_a_full_disk_is_said_and_nothing_is_saved(served: Served) -> None:
    served.decide("key", decision="accept")
    journal = served.folder / REVIEWS
    kept = journal.rename(served.folder / "kept")
    journal.symlink_to("/dev/full")
    answer = served.decide("key", decision="reject")
    assert answer.status_code == 507
    assert "No space left on device; free space there" in answer.json()["error"]
    assert served.get("/api/set").json()["progress"]["rejected"] == 0
    journal.unlink()
    kept.rename(journal)
    assert served.decide("lamp", decision="reject").ok
    found = read_reviews(served.folder)
    assert (found["key"].decision, found["lamp"].decision) == ("accept", "reject")


def test_a_line_spoiled_by_hand_is_named(served: Served) -> None:
    served.decide("key", decision="accept")
    with (served.folder / REVIEWS).open("a") as journal:
        journal.write("spoiled\n")
    answer = served.get("/api/select")
    assert answer.status_code == 500
    assert "line 2: not a review" in answer.json()["error"]


def test_decisions_from_two_tabs_at_once_all_stand(served: Served) -> None:
    def tab(row_id: str) -> None:
        for number in range(20):
            assert served.decide(row_id, note=str(number)).ok

    ids = ["key", "lamp", "sword", "short-1"]
    tabs = [threading.Thread(target=tab, args=(row_id,)) for row_id in ids]
    for thread in tabs:
        thread.start()
    for thread in tabs:
        thread.join()
    found = read_reviews(served.folder)
    assert {row_id: found[row_id].note for row_id in ids} == dict.fromkeys(ids, "19")
    assert len((served.folder / REVIEWS).read_text().splitlines()) == 80


def test_a_document_of_megabytes_is_sent_as_it_is(tmp_path: Path) -> None:
    text = "\ufeff" + "Ein Absatz, 一段话。\r\n\x85\u2028🦙 " * 150_000 + KEY
    write_set(tmp_path, [long_row(text, KEY, id="long")])
    with serving(tmp_path) as served:
        head, material = served.get("/api/row", id="long").content.split(b"\n", 1)
    (piece,) = json.loads(head)["evidence"]
    units = material.decode().encode("utf-16-le")
    assert units[2 * piece["from"] : 2 * piece["to"]].decode("utf-16-le") == KEY
    assert text in material.decode()


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.1", False), ("example.com", False)],
)  # fmt: skip
def test_which_addresses_are_of_this_machine_alone(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_server_for_others_answers_to_addresses_and_its_own_name() -> None:
    guard = Guard("0.0.0.0")
    known = ["192.168.1.10:8000", "[fe80::1]:8000", socket.gethostname(), "localhost:1"]
    assert all(map(guard.knows_host, known))
    assert not guard.knows_host("rebound.example:8000")
    assert Guard("a").token != Guard("a").token


@pytest.mark.slow
def test_a_page_that_went_away_leaves_no_open_socket(tmp_path: Path) -> None:
    """It asked for a long document and never read it: the server closes all the same."""
    long = rows()
    long[0]["instruction"] = "Open.\n" + KEY * 1_000_000
    folder = tmp_path / "set"
    folder.mkdir()
    write_set(folder, long, row_group=2)
    with socket.socket() as asking, serving(folder) as served:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asking.connect(("127.0.0.1", int(served.base.rsplit(":", 1)[1])))
        words = f"GET /api/row?id=key HTTP/1.1\r\nHost: {served.base[7:]}\r\n"
        asking.sendall(f"{words}{TOKEN_HEADER}: {served.token}\r\n\r\n".encode())
        assert asking.recv(12) == b"HTTP/1.1 200"
    gc.collect()  # a socket left open would warn here, and the warning fail the test


def test_connections_that_come_while_it_stops_leave_no_open_socket(tmp_path: Path) -> None:
    folder = small_set(tmp_path / "set")
    for _ in range(3):
        opened: list[socket.socket] = []
        stopped = threading.Event()

        def connect(port: int, opened: list[socket.socket], stopped: threading.Event) -> None:
            with contextlib.suppress(OSError):
                while not stopped.is_set():
                    opened.append(socket.create_connection(("127.0.0.1", port), timeout=1))

        with serving(folder) as served:
            port = int(served.base.rsplit(":", 1)[1])
            flood = threading.Thread(target=connect, args=(port, opened, stopped))
            flood.start()
            while len(opened) < 20:
                time.sleep(0.001)
        stopped.set()
        flood.join(10)
        for one in opened:
            one.close()
    gc.collect()  # a socket left open would warn here, and the warning fail the test
