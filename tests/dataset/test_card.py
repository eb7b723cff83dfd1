"""The card: a header that the Hub takes, and no word of a document that could be markup in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from longalpaca_data.dataset.card import _feature, card_text, cell, write_card
from longalpaca_data.dataset.licences import HUB_LICENCES
from longalpaca_data.dataset.manifest import Manifest, manifest_of
from longalpaca_data.export import SCHEMA, write_split

EVIL = [
    "<script>alert(1)</script>",
    "a | b | c",
    "a\\| b",
    "`code` and ``more``",
    "two\nlines\r\n---\nlicense: mit",
    "[link](javascript:alert(1))",
    "![x](http://x.example/y.png)",
    "*bold* _under_ ~~struck~~ $x$",
    "&lt;b&gt; &#60;i&#62;",
    "line\u2028separator\x00\x1b[31m",
    '"quoted": {yaml: [1]} # no comment',
    "# heading",
    "零点高程",
]


def row(number: int, split: str = "train", *, short: bool = False) -> dict[str, Any]:
    text = f"Material {number}. Where does it stand?"
    return {
        "id": f"{split}-{number}",
        "instruction": text,
        "input": "",
        "output": "There.",
        "file": "a.txt",
        "task": "short" if short else "book_qa",
        "family": "short" if short else "locate_section",
        "language": "en",
        "document_ids": [] if short else ["d1"],
        "titles": [] if short else ["T"],
        "licences": ["CC0-1.0"],
        "n_tokens": 12,
        "question": "Where does it stand?",
        "evidence": []
        if short
        else [{"quote": "Material", "start": 0, "end": 8, "depth": number % 10 / 10}],
        "generator": "extractive",
        "scores": [{"name": "spread", "value": 0.5}],
    }


def document(title: str, rows: int = 3, **more: str) -> dict[str, Any]:
    return {"id": "d1", "path": "a.txt", "title": title, "kind": "book", "language": "en",
            "licence": "CC0-1.0", "author": "", "n_tokens": 100, "rows": rows, **more}  # fmt: skip


TARGET = {"long": 9000, "short": 3000}
REALISED = {"long": 75, "short": 25, "validation": 5}


def manifest(**changes: Any) -> Manifest:
    recipe: dict[str, Any] = {
        "description": "A test.",
        "licence": "cc-by-4.0",
        "windows": {"lengths": [4000, 8000], "coverage": 2, "min_tokens": 2000},
        "generate": {"generator": "extractive", "rows_per_1k_tokens": 3.0},
        "filter": {"near_duplicate": 0.92},
        "mix": {"on_shortfall": "scale", "max_document_share": 0.3},
    }
    return manifest_of(
        {
            "name": "tiny",
            "recipe": recipe | changes.pop("recipe", {}),
            "seed": 1,
            "versions": {"longalpaca-data": "0.1.0"},
            "tokenizer": {"name": "cl100k_base", "exact": True},
            "stages": [
                {"stage": "mix", "in": 9, "out": 5, "dropped": {"left over": 4}, "counts": {}}
            ],
            "mix": {"target": TARGET, "realised": REALISED, "note": ""},
            "tokens": {"train": 10_500, "longest_row": 12},
            "costs": {"calls": 0},
            "documents": [document("T")],
            "short": [],
            **changes,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 105 rows in two splits."""
    root = tmp_path_factory.mktemp("card")
    rows = [row(n, short=n % 4 == 3) for n in range(100)]
    write_split(root, "train", rows, 100)
    write_split(root, "validation", [row(n, "validation") for n in range(5)], 5)
    return root


def header(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n", 2)[1])
    return found


def test_the_hubs_own_library_reads_the_header(folder: Path) -> None:
    from huggingface_hub import DatasetCard, DatasetCardData

    card = card_text(folder, manifest())
    data = DatasetCard(card).data
    assert isinstance(data, DatasetCardData)
    assert data.to_dict() == header(card)
    assert data.license == "cc-by-4.0"
    assert data.language == ["en"]
    assert data.size_categories == ["n<1K"]
    assert data.task_categories == ["question-answering", "text-generation"]
    assert set(data.configs[0]) == {"config_name", "data_files"}
    for split in data.configs[0]["data_files"]:
        assert list(folder.glob(split["path"]))


@pytest.mark.slow
def test_datasets_loads_what_the_header_declares(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")
    write_card(folder, manifest())
    about = header((folder / "README.md").read_text(encoding="utf-8"))["dataset_info"]
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path))
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 100, "validation": 5}
    for split in about["splits"]:
        info = loaded[split["name"]].info
        assert info.splits[split["name"]].num_bytes == split["num_bytes"]
        assert info.splits[split["name"]].num_examples == split["num_examples"]
        assert info.dataset_size == about["dataset_size"]
        assert info.download_size == about["download_size"]
    plain = {name: loaded["train"].info.features[name].dtype for name in ("id", "instruction")}
    assert plain == {"id": "string", "instruction": "large_string"}
    streamed = datasets.load_dataset(str(folder), split="validation", streaming=True)
    assert [one["id"] for one in streamed] == [f"validation-{n}" for n in range(5)]
    # The declared columns are checked: a header that is wrong about them does not load.
    card = (folder / "README.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(card.replace("name: n_tokens", "name: n_token"))
    with pytest.raises(datasets.exceptions.DatasetGenerationError):
        datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "wrong"))


def test_columns_are_declared_as_datasets_declares_them() -> None:
    datasets = pytest.importorskip("datasets", reason="the hub extra is not installed")
    extra = [pa.field("f", pa.float32()), pa.field("b", pa.bool_()), pa.field("s", pa.struct(
        [("x", pa.int32()), ("y", pa.list_(pa.large_list(pa.float64())))]))]  # fmt: skip
    schema = pa.schema([*SCHEMA, *extra])
    wanted = datasets.Features.from_arrow_schema(schema)
    declared = [_feature(column.name, column.type) for column in schema]
    assert declared == wanted._to_yaml_list()
    assert datasets.Features._from_yaml_list(declared) == wanted


@pytest.mark.parametrize("licence", ["", " ", "CC BY-SA 3.0", 'Acme: "Terms"\n- x', "mit"])
def test_the_licence_is_one_that_the_hub_takes(folder: Path, licence: str) -> None:
    found = header(card_text(folder, manifest(recipe={"licence": licence})))
    assert ("license" in found) is bool(licence.strip())
    if licence.strip():
        assert found["license"] in HUB_LICENCES | {"other"}
        assert ("license_name" in found) is (found["license"] == "other")


def test_a_licence_file_is_linked(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(folder / "data")
    (tmp_path / "LICENSE").write_text("terms")
    found = header(card_text(tmp_path, manifest(recipe={"licence": "Acme"})))
    assert found["license_name"] == "acme"
    assert found["license_link"] == "LICENSE"


def markdown(text: str) -> Any:
    module = pytest.importorskip("markdown_it", reason="no Markdown reader at hand")
    return module.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.mark.parametrize("evil", EVIL)
def test_words_of_documents_stay_words(folder: Path, evil: str) -> None:
    shorts = [{"source": "S", "licence": "", "rows": 1}]
    calm = card_text(
        folder, manifest(documents=[document("T", author="A", licence="L")], short=shorts)
    )
    card = card_text(folder, manifest(
        documents=[document(evil, author=evil, licence=evil, language=evil)],
        short=[{"source": evil, "licence": evil, "rows": 1}],
        recipe={"description": evil.replace("\n", " ") if evil[0] in "<&" else "A test."},
    ))  # fmt: skip
    assert header(card) == header(calm)
    parser = markdown(card)
    tokens, expected = parser.parse(card), parser.parse(calm)
    assert [token.type for token in tokens] == [token.type for token in expected]

    def inside(tokens: list[Any]) -> list[str]:
        return [child.type for token in tokens for child in token.children or ()
                if child.type not in {"text", "text_special"}]  # fmt: skip

    assert inside(tokens) == inside(expected)
    shown = [
        "".join(child.content for child in token.children) for token in tokens if token.children
    ]
    plain = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", evil).strip()
    assert shown.count(plain) >= 4, "title, author, licence, language, as they were written"


@given(st.text(max_size=60))
def test_a_cell_is_one_line_of_plain_text(text: str) -> None:
    shown = cell(text)
    parser = markdown(shown)
    tokens = parser.parse(f"| a |\n|---|\n| x{shown}x |\n")
    assert [token.type for token in tokens if token.type == "td_open"] == ["td_open"]
    (content,) = [t for t in tokens if t.type == "inline"][1:]
    assert {child.type for child in content.children} <= {"text", "text_special"}
    expected = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
    written = "".join(child.content for child in content.children)
    assert written == f"x{expected}x".encode("utf-8", "replace").decode()


def test_what_the_card_says(folder: Path) -> None:
    changed = manifest(
        documents=[document("Kept", 7), document("Silent", 0)],
        short=[{"source": "some/pairs", "licence": "", "rows": 25}],
        mix={
            "target": TARGET,
            "realised": REALISED,
            "note": "asked for more",
            "shares": {"task": {"book_qa": {"target": 0.3, "realised": 1.0}},
                       "language": {"en": {"target": None, "realised": 1.0}}},
            "lacking": [{"task": "paper_review", "length": "4000", "rows": 40}],
        },
    )  # fmt: skip
    card = card_text(folder, changed, "me/tiny")
    for words in [
        "75 long and 25 short instruction samples, and 5 long ones for validation",
        "> asked for more.",
        "| book_qa | 75 | 75.0 % | 13.0 % |",
        "| task book_qa | 30.0 % | 100.0 % |",
        "| language en | any | 100.0 % |",
        "did not find: 40 of task paper_review, length 4000.",
        "| Kept |",
        "Documents that were read and gave no row: 1.",
        "| some/pairs | unknown | 25 |",
        "The data set as a whole is under cc-by-4.0. The texts keep",
        'load_dataset("me/tiny", split="train")',
        "longalpaca-data sft me/tiny --gpus 8",
        "- mix: left over 4",
        "windows of 4,000, 8,000 tokens",
        "no language model was used",
    ]:
        assert words in card, words
    assert "Silent" not in card
    assert "![" not in card
    assert "{{" not in card


def test_a_set_that_a_model_wrote_says_so(folder: Path) -> None:
    model = {"name": "some-model"}
    generate = {"generator": "openai", "rows_per_1k_tokens": 3.0, "model": model}
    card = card_text(folder, manifest(recipe={"generate": generate}, costs={"calls": 1200}))
    assert (
        "were written by a language model (some-model), generator `openai`, in 1,200 calls" in card
    )
    assert "was not checked by a person for every row" in card
    assert "no language model was used" not in card


def test_pictures_are_shown_where_they_are(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(folder / "data")
    (tmp_path / "pictures").mkdir()
    for name in ("depth.png", "tasks.png", "strange](x).png"):
        (tmp_path / "pictures" / name).write_bytes(b"")
    card = card_text(tmp_path, manifest())
    assert re.findall(r"\]\((pictures/.*?)\)", card) == ["pictures/tasks.png", "pictures/depth.png"]


def test_the_same_manifest_gives_the_same_card(folder: Path) -> None:
    again = manifest_of(json.loads(json.dumps(manifest().values())))
    assert card_text(folder, manifest()) == card_text(folder, again)
