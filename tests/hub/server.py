"""A dataset Hub on loopback: a real HTTP server that keeps repositories, as far as an upload asks.

It speaks the requests of huggingface_hub's uploads over Git LFS and holds what they make: commits,
branches, tags, large files by their SHA-256. What arrives is checked as the Hub checks it: a large
file must have its checksum, a commit may only name large files that are there. What is there can be
listed and downloaded, as ``datasets.load_dataset`` does it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from longalpaca_data.dataset.licences import HUB_LICENCES

TOKEN = "hf_" + "".join(chr(97 + (i * 7 + i // 5) % 26) for i in range(34))
READER = TOKEN[:-4] + "READ"
LARGE = (
    ".parquet",
    ".png",
)  # of the .gitattributes that the Hub puts into new dataset repositories
SIGNATURE = "X-Amz-Signature=c0ffee"


@dataclass(frozen=True)
class Entry:
    """A file in a commit. ``oid`` is what the Hub compares with: SHA-256 for a large file, the
    git checksum for another.
    """

    oid: str
    size: int
    large: bool


@dataclass
class Repo:
    private: bool
    commits: dict[str, dict[str, Entry]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, branch: str, tree: dict[str, Entry], message: str) -> str:
        oid = hashlib.sha1(f"{len(self.commits)} {sorted(tree)}".encode()).hexdigest()
        self.commits[oid] = tree
        self.branches[branch] = oid
        self.messages.append(message)
        return oid


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests that match. ``how``: ``status`` answers
    with one, ``cut`` hangs up within the request's body, ``lost`` does the work and hangs up,
    ``stall`` reads half of the body and then waits for :attr:`HubServer.resume`.
    """

    match: str
    status: int = 500
    times: int = 1
    how: str = "status"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": "planned"}'


@dataclass(frozen=True)
class Request:
    line: str  # method and path, without query
    headers: dict[str, str]
    size: int


class HubServer:
    """Start with ``with HubServer() as hub``; ``hub.url`` is the endpoint."""

    def __init__(self, part_size: int = 0) -> None:
        self.part_size = part_size  # files above it are asked for in parts; 0: none
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.small: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], bytes] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.waits: list[float] = []  # seconds that a client in this process was made to wait
        self.stalled, self.resume = threading.Event(), threading.Event()
        self.lock = threading.RLock()
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> HubServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.resume.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, *, private: bool = False) -> Repo:
        repo = self.repos[name] = Repo(private)
        text = "".join(f"*{end} filter=lfs\n" for end in LARGE).encode()
        repo.commit("main", {".gitattributes": self.store(text)}, "initial commit")
        return repo

    def store(self, content: bytes) -> Entry:
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        self.small[oid] = content
        return Entry(oid, len(content), large=False)

    def tree(self, name: str, revision: str = "main") -> dict[str, Entry]:
        repo = self.repos[name]
        return repo.commits[repo.branches.get(revision, revision)]

    def rebuild(self, name: str, folder: Path, revision: str = "main") -> None:
        """Write a revision's files into a folder, as a download would."""
        for path, entry in self.tree(name, revision).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            content = (self.large if entry.large else self.small)[entry.oid]
            (folder / path).write_bytes(content)

    def seen(self, pattern: str) -> list[Request]:
        return [request for request in self.requests if re.search(pattern, request.line)]

    def puts(self) -> Counter[str]:
        """How often each large file was sent, by its SHA-256."""
        return Counter(r.line.rpartition("/")[2] for r in self.seen(r"^PUT /storage/"))


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement

    def log_message(self, *_: object) -> None:
        pass

    def _any(self) -> None:
        path = urllib.parse.urlsplit(self.path).path
        line = f"{self.command} {path}"
        fault = self._fault(line)
        length = int(self.headers.get("content-length") or 0)
        half = fault is not None and fault.how in {"cut", "stall"}
        self.body = self.rfile.read(length // 2 if half else length)
        with self.hub.lock:
            headers = {key.lower(): value for key, value in self.headers.items()}
            self.hub.requests.append(Request(line, headers, len(self.body)))
        if fault and half:
            if fault.how == "stall":
                self.hub.stalled.set()
                self.hub.resume.wait()
            self._hang_up()
        elif fault and fault.how == "status":
            self._answer(fault.status, fault.body, fault.headers)
        else:
            status, answer, more = self._handle(line)
            if fault:
                self._hang_up()
            else:
                self._answer(status, answer, more)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any  # noqa: N815 — http.server's names

    def _fault(self, line: str) -> Fault | None:
        with self.hub.lock:
            for fault in self.hub.faults:
                if fault.times > 0 and re.search(fault.match, line):
                    fault.times -= 1
                    return fault
        return None

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the other side may have gone
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, answer: Any, more: dict[str, str]) -> None:
        if isinstance(answer, bytes):
            body = answer
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
            if asked and self.command == "GET":
                first, last = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
                more = {**more, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
                status, body = 206, body[first : last + 1]
        else:
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **more}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _handle(self, line: str) -> tuple[int, Any, dict[str, str]]:
        for pattern, works in ROUTES:
            if match := re.fullmatch(pattern, line):
                if re.match(r"\w+ /(api|datasets)/", line) and (refusal := self._refusal(line)):
                    return refusal
                with self.hub.lock:
                    answer = works(self, *map(urllib.parse.unquote, match.groups()))
                return answer if isinstance(answer, tuple) else (200, answer, {})
        return 404, {"error": "no such page"}, {}

    def _refusal(self, line: str) -> tuple[int, Any, dict[str, str]] | None:
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in {TOKEN, READER}:
            message = "Invalid credentials in Authorization header"
            return 401, {"error": message}, {"X-Error-Message": message}
        if token == READER and line != "GET /api/whoami-v2" and not line.startswith("GET"):
            return 403, {"error": "no write access"}, {"X-Error-Message": "no write access"}
        return None

    # --- what the Hub does ---------------------------------------------------------------------

    def _json(self) -> Any:
        return json.loads(self.body)

    def _query(self) -> dict[str, list[str]]:
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)

    def whoami(self) -> Any:
        return {"type": "user", "name": "mira", "orgs": [{"name": "clio"}]}

    def info(self, name: str, revision: str = "main") -> Any:
        if name not in self.hub.repos:
            return _missing("RepoNotFound", "Repository not found")
        repo = self.hub.repos[name]
        return {"id": name, "private": repo.private, "sha": repo.branches.get(revision, revision),
                "tags": [], "downloads": 0, "likes": 0}  # fmt: skip

    def create(self) -> Any:
        asked = self._json()
        owner = asked.get("organization") or "mira"
        if owner not in {"mira", "clio"}:
            return 403, {"error": f"no rights on {owner}"}, {"X-Error-Message": "no rights"}
        name = f"{owner}/{asked['name']}"
        assert asked["type"] == "dataset"
        if name in self.hub.repos:
            return 409, {"error": "You already created this dataset repo"}, {}
        self.hub.add(name, private=asked.get("visibility") == "private")
        return {"url": f"{self.hub.url}/datasets/{name}", "name": name}

    def validate(self) -> Any:
        header = yaml.safe_load(self._json()["content"].split("---")[1])
        licence = header.get("license")
        errors = [] if licence in {*HUB_LICENCES, "other"} else [{"message": "bad license"}]
        return (400 if errors else 200), {"errors": errors, "warnings": []}, {}

    def preupload(self, name: str, revision: str) -> Any:
        if revision not in self.hub.repos[name].branches:
            return _missing("RevisionNotFound", "Invalid rev id")
        there = self.hub.tree(name, revision)
        return {
            "files": [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                    "oid": there[file["path"]].oid if file["path"] in there else None,
                }
                for file in self._json()["files"]
            ]
        }

    def batch(self, name: str) -> Any:
        asked = self._json()
        assert asked["operation"] == "upload"
        assert "basic" in asked["transfers"]
        return {"transfer": "basic", "objects": [self._place(each) for each in asked["objects"]]}

    def _place(self, asked: dict[str, Any]) -> dict[str, Any]:
        oid, size, part = asked["oid"], asked["size"], self.hub.part_size
        if oid in self.hub.large:
            return {"oid": oid, "size": size}
        upload: dict[str, Any] = {"href": f"{self.hub.url}/storage/{oid}?{SIGNATURE}"}
        if part and size > part:
            urls = {str(n): f"{self.hub.url}/parts/{oid}/{n}?{SIGNATURE}"
                    for n in range(1, -(-size // part) + 1)}  # fmt: skip
            upload = {
                "href": f"{self.hub.url}/complete/{oid}",
                "header": {"chunk_size": str(part), **urls},
            }
        verify = {"href": f"{self.hub.url}/api/verify/{oid}"}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}

    def put(self, oid: str) -> Any:
        assert "authorization" not in self.headers, "the token went to the storage"
        assert SIGNATURE in self.path
        if hashlib.sha256(self.body).hexdigest() != oid:
            return 400, {"error": "checksum"}, {}
        self.hub.large[oid] = self.body
        return {}

    def put_part(self, oid: str, number: str) -> Any:
        assert "authorization" not in self.headers, "the token went to the storage"
        self.hub.parts[oid, int(number)] = self.body
        return 200, {}, {"ETag": f'"{hashlib.md5(self.body).hexdigest()}"'}

    def complete(self, oid: str) -> Any:
        parts = [self.hub.parts.pop((oid, part["partNumber"])) for part in self._json()["parts"]]
        if hashlib.sha256(b"".join(parts)).hexdigest() != oid:
            return 400, {"error": "checksum"}, {}
        self.hub.large[oid] = b"".join(parts)
        return {}

    def verify(self, oid: str) -> Any:
        asked = self._json()
        there = self.hub.large.get(oid)
        if there is None or len(there) != asked["size"] or asked["oid"] != oid:
            return 404, {"error": "not there"}, {}
        return {}

    def commit(self, name: str, revision: str) -> Any:
        repo = self.hub.repos[name]
        tree, message = dict(self.hub.tree(name, revision)), ""
        for line in self.body.decode().splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    assert not value["path"].endswith(LARGE)
                    tree[value["path"]] = self.hub.store(base64.b64decode(value["content"]))
                case "lfsFile":
                    if len(self.hub.large.get(value["oid"], b"")) != value["size"]:
                        return 400, {"error": f"no large file {value['path']}"}, {}
                    tree[value["path"]] = Entry(value["oid"], value["size"], large=True)
                case "deletedFile":
                    if value["path"] not in tree:
                        return _missing("EntryNotFound", "A file with this name doesn't exist")
                    del tree[value["path"]]
        oid = repo.commit(revision, tree, message)
        return {"commitUrl": f"{self.hub.url}/datasets/{name}/commit/{oid}", "commitOid": oid}

    def branch(self, name: str, branch: str) -> Any:
        repo = self.hub.repos[name]
        if branch in repo.branches:
            return 409, {"error": "Reference already exists"}, {}
        repo.branches[branch] = repo.branches["main"]
        return {}

    def tag(self, name: str, revision: str) -> Any:
        repo, tag = self.hub.repos[name], self._json()["tag"]
        if tag in repo.tags:
            return 409, {"error": "Tag reference exists already"}, {}
        repo.tags[tag] = repo.branches.get(revision, revision)
        return {}

    def refs(self, name: str) -> Any:
        repo = self.hub.repos[name]

        def listed(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
            return [{"name": ref, "ref": f"refs/{kind}/{ref}", "targetCommit": oid}
                    for ref, oid in refs.items()]  # fmt: skip

        return {"branches": listed("heads", repo.branches), "converts": [],
                "tags": listed("tags", repo.tags)}  # fmt: skip

    def files(self, name: str, revision: str, folder: str = "") -> Any:
        inside = f"{folder}/" if folder else ""
        deep = self._query().get("recursive", ["false"])[0].lower() in {"true", "1"}
        listed: dict[str, dict[str, Any]] = {}
        for path, entry in self.hub.tree(name, revision).items():
            if not path.startswith(inside):
                continue
            child = inside + path[len(inside) :].partition("/")[0]
            if deep or child == path:
                listed[path] = {"type": "file", "path": path, "oid": entry.oid, "size": entry.size}
            else:
                listed[child] = {"type": "directory", "path": child, "oid": entry.oid, "size": 0}
        return list(listed.values())

    def paths_info(self, name: str, revision: str) -> Any:
        form = urllib.parse.parse_qs(self.body.decode())
        return [
            {"type": "file", "path": path, "oid": entry.oid, "size": entry.size}
            for path, entry in self.hub.tree(name, revision).items()
            if path in form["paths"]
        ]

    def download(self, name: str, revision: str, path: str) -> Any:
        if name not in self.hub.repos:
            return _missing("RepoNotFound", "Repository not found")
        tree, commits = self.hub.tree(name, revision), self.hub.repos[name].branches
        if path not in tree:
            return _missing("EntryNotFound", "no such file")
        entry = tree[path]
        content = (self.hub.large if entry.large else self.hub.small)[entry.oid]
        headers = {"ETag": f'"{entry.oid}"', "X-Repo-Commit": commits.get(revision, revision)}
        return 200, content, headers


def _missing(code: str, message: str) -> tuple[int, Any, dict[str, str]]:
    return 404, {"error": message}, {"X-Error-Code": code, "X-Error-Message": message}


_REPO = r"([^/]+/[^/]+)"
ROUTES: tuple[tuple[str, Callable[..., Any]], ...] = (
    (r"GET /api/whoami-v2", _Handler.whoami),
    (r"POST /api/repos/create", _Handler.create),
    (r"POST /api/validate-yaml", _Handler.validate),
    (rf"GET /api/datasets/{_REPO}", _Handler.info),
    (rf"GET /api/datasets/{_REPO}/revision/([^/]+)", _Handler.info),
    (rf"GET /api/datasets/{_REPO}/refs", _Handler.refs),
    (rf"GET /api/datasets/{_REPO}/tree/([^/]+)", _Handler.files),
    (rf"GET /api/datasets/{_REPO}/tree/([^/]+)/(.+)", _Handler.files),
    (rf"POST /api/datasets/{_REPO}/paths-info/([^/]+)", _Handler.paths_info),
    (rf"(?:GET|HEAD) /datasets/{_REPO}/resolve/([^/]+)/(.+)", _Handler.download),
    (rf"POST /api/datasets/{_REPO}/preupload/([^/]+)", _Handler.preupload),
    (rf"POST /api/datasets/{_REPO}/commit/([^/]+)", _Handler.commit),
    (rf"POST /api/datasets/{_REPO}/branch/([^/]+)", _Handler.branch),
    (rf"POST /api/datasets/{_REPO}/tag/([^/]+)", _Handler.tag),
    (rf"POST /datasets/{_REPO}\.git/info/lfs/objects/batch", _Handler.batch),
    (r"PUT /storage/(\w+)", _Handler.put),
    (r"PUT /parts/(\w+)/(\d+)", _Handler.put_part),
    (r"POST /complete/(\w+)", _Handler.complete),
    (r"POST /api/verify/(\w+)", _Handler.verify),
)
