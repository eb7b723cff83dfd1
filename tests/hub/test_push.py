"""Pushing to a real HTTP server: what arrives is what was built, whatever goes wrong on the way."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from longalpaca_data.core.errors import HubError
from longalpaca_data.core.progress import Progress
from longalpaca_data.core.storage import file_sha256
from longalpaca_data.dataset.write import files_hold
from longalpaca_data.hub.content import OWN
from longalpaca_data.hub.push import Target, push
from longalpaca_data.rowfiles.validate import validate
from tests.hub.server import READER, TOKEN, Fault, HubServer

QUIET = Progress(quiet=True)
NAME = "mira/tiny"


def rebuilt(hub: HubServer, folder: Path, name: str = NAME, revision: str = "main") -> Path:
    """Put the repository together again and compare it with what was built."""
    copy = folder.parent / f"rebuilt-{len(hub.requests)}"
    hub.rebuild(name, copy, revision)
    own = [path for path in hub.tree(name, revision) if OWN.fullmatch(path)]
    built = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    assert sorted(own) == sorted(path for path in built if OWN.fullmatch(path))
    assert all(file_sha256(copy / path) == file_sha256(folder / path) for path in own)
    assert not list(files_hold(copy)), "the manifest that was published lists what is there"
    assert validate(copy).problems == []
    return copy


def test_what_arrives_is_what_was_built(built: Path, folder: Path, hub: HubServer) -> None:
    done = push(folder, Target(), QUIET)
    copy = rebuilt(hub, folder)
    assert done.url == f"{hub.url}/datasets/{NAME}"
    assert done.commit == hub.repos[NAME].branches["main"]
    names = set(hub.tree(NAME))
    assert {"README.md", "manifest.json", "pictures/tasks.png"} <= names
    assert len([name for name in names if name.startswith("data/train-")]) > 1
    assert not names & {"report.html", "tiny.json"}
    card = (copy / "README.md").read_text(encoding="utf-8")
    assert f'load_dataset("{NAME}"' in card
    assert all((copy / path).is_file() for path in re.findall(r"!\[.*?\]\((.*?)\)", card))


@pytest.mark.slow
def test_both_splits_load_from_the_rebuilt_folder(
    folder: Path, hub: HubServer, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")
    push(folder, Target(), QUIET)
    copy = rebuilt(hub, folder)
    loaded = datasets.load_dataset(str(copy), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == {"train", "validation"}
    for split, rows in loaded.items():
        streamed = datasets.load_dataset(str(copy), split=split, streaming=True)
        assert [row["id"] for row in streamed] == list(rows["id"])
        assert rows.info.features == streamed.info.features


def test_xet_is_not_used_though_it_is_there(folder: Path, hub: HubServer) -> None:
    from huggingface_hub import constants

    assert importlib.util.find_spec("hf_xet"), "without it the test shows nothing"
    before = constants.HF_HUB_DISABLE_XET
    push(folder, Target(), QUIET)
    assert hub.puts()
    assert not hub.seen("xet")
    assert constants.HF_HUB_DISABLE_XET is before


def test_the_manifest_that_is_published_names_no_folder_of_this_machine(
    folder: Path, hub: HubServer, tmp_path: Path
) -> None:
    push(folder, Target(), QUIET)
    copy = rebuilt(hub, folder)
    assert str(tmp_path.parent) in (folder / "manifest.json").read_text(encoding="utf-8")
    for file in ("manifest.json", "README.md"):
        assert str(tmp_path.parent) not in (copy / file).read_text(encoding="utf-8")


@pytest.mark.slow
def test_large_files_go_in_parts_where_the_hub_asks_for_parts(folder: Path, hub: HubServer) -> None:
    hub.part_size = 9000
    push(folder, Target(), QUIET)
    rebuilt(hub, folder)
    assert len(hub.seen("^PUT /parts/")) > len(hub.seen("^POST /complete/")) > 1


def test_a_new_repository_is_private_on_demand_and_stays_so(folder: Path, hub: HubServer) -> None:
    assert push(folder, Target(private=True), QUIET).private
    assert hub.repos[NAME].private
    assert push(folder, Target(), QUIET).private


def test_a_public_repository_is_never_taken_for_a_private_one(folder: Path, hub: HubServer) -> None:
    hub.add(NAME)
    with pytest.raises(HubError, match="mira/tiny is there already and public; make it private"):
        push(folder, Target(private=True), QUIET)
    assert not hub.puts()
    assert set(hub.tree(NAME)) == {".gitattributes"}


def test_a_branch_and_a_tag(folder: Path, hub: HubServer) -> None:
    target = Target("clio/other", revision="next/one", tag="v1")
    done = push(folder, target, QUIET)
    repo = hub.repos["clio/other"]
    assert repo.branches["next/one"] == repo.tags["v1"] == done.commit
    assert set(hub.tree("clio/other")) == {".gitattributes"}
    rebuilt(hub, folder, "clio/other", "next/one")
    assert push(folder, target, QUIET).commit == done.commit
    repo.commit("next/one", {}, "someone else's")
    with pytest.raises(HubError, match="the tag v1 stands on another commit; name a new one"):
        push(folder, target, QUIET)


def test_run_again_sends_and_commits_nothing(folder: Path, hub: HubServer) -> None:
    first = push(folder, Target(), QUIET)
    again = push(folder, Target(), QUIET)
    assert set(hub.puts().values()) == {1}
    assert hub.repos[NAME].messages == ["initial commit", "Upload tiny"]
    assert again.commit == first.commit


def test_what_an_earlier_build_left_goes_and_what_others_put_there_stays(
    folder: Path, hub: HubServer
) -> None:
    repo = hub.add(NAME)
    old = {name: hub.store(name.encode()) for name in
           ("data/train-00000-of-00009.parquet", "pictures/old.png", "extra/1.parquet",
            "NOTES.md", "pictures/old.svg")}  # fmt: skip
    repo.commit("main", old, "an earlier build")
    push(folder, Target(), QUIET)
    left = set(hub.tree(NAME)) & set(old)
    assert left == {"extra/1.parquet", "NOTES.md", "pictures/old.svg"}
    rebuilt(hub, folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        Fault("whoami", 429, headers={"Retry-After": "7"}),
        Fault("whoami", 503, times=3),
        Fault("/preupload/", 429, headers={"Retry-After": "7"}),
        Fault("/repos/create", 500),
        Fault("/repos/create", how="lost"),
        Fault("/objects/batch", 502, times=2),
        Fault("PUT /storage", 500),
        Fault("PUT /storage", how="cut", times=2),
        Fault("PUT /storage", how="lost"),
        Fault("/api/verify", 500),
        Fault("/tree/", 500),
        Fault("/commit/", 429, headers={"Retry-After": "7"}),
        Fault("/commit/", 409),
        Fault("/commit/", 412),
        Fault("/commit/", 500, times=2),
        Fault("/commit/", how="cut"),
        Fault("/commit/", how="lost"),
        Fault("/branch/", 500),
        Fault("/tag/", how="lost"),
    ],
    ids=lambda fault: f"{fault.match.strip('/')} {fault.how} {fault.status}",
)
def test_what_passes_is_tried_again(folder: Path, hub: HubServer, fault: Fault) -> None:
    hub.faults.append(fault)
    done = push(folder, Target(revision="next", tag="v1"), QUIET)
    assert fault.times == 0
    assert hub.repos[NAME].tags == {"v1": done.commit}
    assert hub.repos[NAME].messages.count("Upload tiny") == 1
    rebuilt(hub, folder, revision="next")
    if "Retry-After" in fault.headers:
        assert max(hub.waits) >= 7
    if fault.match != "PUT /storage":
        assert set(hub.puts().values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("whoami", 429, headers={"Retry-After": "4000"}),
         r"your name failed: the Hub asks to slow down \(429\), in 4000 s.*; wait a while, then"),
        (Fault("whoami", 500), r"your name failed: the Hub has a fault \(500\).*; wait a while"),
        (Fault("/repos/create", 409), "the answer is none that the Hub gives"),
        (Fault("/repos/create", how="cut"), "opening mira/tiny failed: no connection to the Hub"),
        (Fault("/preupload/", 403), r"sending README.md failed: the token may not do that \(403\)"),
        (Fault("/objects/batch", 500), r"sending data/train-\S+ failed: the Hub has a fault"),
        (Fault("PUT /storage", 500), r"sending data/train-\S+ failed: the Hub has a fault \(500\)"),
        (Fault("PUT /storage", 403), r"the Hub's storage refused the file \(403\); run the same"),
        (Fault("PUT /storage", how="cut"), "no connection to the Hub .*; check the network"),
        (Fault("/api/verify", 400), r"failed: the Hub refused it \(400\), saying: planned"),
        (Fault("/validate-yaml", 400, body='{"errors": [{"message": "no such licence"}]}'),
         "committing to mira/tiny failed: Invalid metadata in README.md. - no such licence"),
        (Fault("/commit/", 409), r"something else is changing it at the same time \(409\)"),
        (Fault("/commit/", 403), r"committing to mira/tiny failed: the token may not do that"),
        (Fault("/commit/", 413), "the Hub finds it too large"),
        (Fault("/commit/", how="cut"), "committing to mira/tiny failed: no connection to the Hub"),
        (Fault("/commit/", 200, body="<html>a portal</html>"), "committing to mira/tiny failed"),
        (Fault("/commit/", 200, body="[]"), "committing to mira/tiny failed"),
        (Fault("/tag/", 403), "tagging mira/tiny failed: the token may not do that"),
    ],
    ids=lambda value: f"{value.match.strip('/')} {value.how} {value.status}"
    if isinstance(value, Fault) else "",
)  # fmt: skip
def test_what_does_not_pass_is_one_line_and_the_next_run_goes_on(
    folder: Path, hub: HubServer, fault: Fault, says: str
) -> None:
    fault.times = 1000
    hub.faults.append(fault)
    target = Target(tag="v1")
    with pytest.raises(HubError, match=says) as caught:
        push(folder, target, QUIET)
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    repo = hub.repos.get(NAME)
    if repo and "/tag/" not in fault.match:
        assert set(hub.tree(NAME)) == {".gitattributes"}, "nothing is visible before the commit"
    arrived = set(hub.large)
    hub.faults.clear()
    hub.requests.clear()
    done = push(folder, target, QUIET)
    assert hub.repos[NAME].tags == {"v1": done.commit}
    assert not arrived & set(hub.puts()), "what had arrived is not sent again"
    rebuilt(hub, folder)


def test_a_cut_in_the_second_file_does_not_send_the_first_again(
    folder: Path, hub: HubServer
) -> None:
    second = sorted((folder / "data").glob("*.parquet"))[1]
    hub.faults.append(Fault(f"PUT /storage/{file_sha256(second)}", how="cut", times=1000))
    with pytest.raises(HubError, match=f"sending data/{second.name} failed: no connection"):
        push(folder, Target(), QUIET)
    assert len(hub.large) == 1
    hub.faults.clear()
    push(folder, Target(), QUIET)
    first = min((folder / "data").glob("*.parquet"))
    assert hub.puts()[file_sha256(first)] == 1
    rebuilt(hub, folder)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", r"^no token for the Hub; run `hf auth login` or set HF_TOKEN$"),
        (
            "hf_nobodys",
            r"the Hub refused the token \(401\).*; run `hf auth login`, or set HF_TOKEN",
        ),
        (READER, r"opening mira/tiny failed: the token may not do that \(403\).*write access"),
        ("hf_a\x01b", r"^the Hub's token has characters that no token has; set HF_TOKEN"),
        ("hf_ä", r"^the Hub's token has characters that no token has; set HF_TOKEN"),
    ],
)
def test_tokens(
    folder: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch, token: str, says: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match=says) as caught:
        push(folder, Target(), QUIET)
    assert not token or token not in str(caught.value)
    assert not hub.repos


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nobody/tiny", r"opening nobody/tiny failed: the token may not do that \(403\)"),
        ("a/b/c", r"'a/b/c' can't be the name of a repository .*; name one with --repo"),
        ("two--dashes", r"'mira/two--dashes' can't be the name of a repository"),
        ("with space", "can't be the name of a repository"),
    ],
)
def test_names(folder: Path, hub: HubServer, name: str, says: str) -> None:
    with pytest.raises(HubError, match=says):
        push(folder, Target(name), QUIET)


def test_a_hub_that_is_not_there(
    folder: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match=r"for your name failed: no connection .*network"):
        push(folder, Target(), QUIET)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE forbids the network; unset it"):
        push(folder, Target(), QUIET)


def test_news_are_said_without_token_and_signed_urls(
    folder: Path, hub: HubServer, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.faults += [
        Fault("PUT /storage", 500, body=TOKEN),
        Fault("/commit/", 500, body=f'{{"error": "{TOKEN}"}}'),
    ]
    push(folder, Target(), Progress())
    said = capfd.readouterr().err
    assert f"publishing {folder} as {NAME}" in said
    assert "HTTP Error 500 thrown while requesting PUT" in said
    assert "the Hub has a fault (500)" in said
    assert "trying again in 1 s" in said
    assert TOKEN not in said
    assert "Signature" not in said
