"""The recipe: how a data set is made, as one YAML file. Unknown keys are errors.

Someone who reads only the recipe knows the method, so every choice that changes the result stands
here, with its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from longalpaca_data.core.errors import SourceError
from longalpaca_data.core.recipe_file import load
from longalpaca_data.core.records import DocumentKind
from longalpaca_data.core.seeds import SEEDS

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSpec(_Strict):
    """Where documents come from, and what the user knows better than any guess."""

    path: str = Field(min_length=1)
    title: str = ""
    kind: DocumentKind | Literal[""] = ""
    language: str = ""
    licence: str = ""


def source_at(path: str) -> SourceSpec:
    """Return the source that a command line names. SourceError for what can't be a name."""
    try:
        return SourceSpec(path=path)
    except ValidationError as error:
        shown = path.encode("utf-8", "backslashreplace").decode()
        what = f"the source's name {shown} is not UTF-8" if path else "a source has an empty name"
        raise SourceError(what, do="rename it, or name the folder that it lies in") from error


def short_at(path: str) -> ShortSpec:
    """Return the short set that a command line names. SourceError for what can't be a name."""
    if not path:
        raise SourceError("a short set has an empty name", do="name a file or a set on the Hub")
    return ShortSpec(path=path)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a command line says instead of the recipe; empty where it says nothing. ``model`` holds
    keys of :class:`ModelSpec`.
    """

    sources: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    generator: str = ""
    seed: int | None = None
    licence: str = ""
    model: Mapping[str, Any] = field(default_factory=dict)

    def over(self, earlier: Overrides) -> Overrides:
        """Return what an earlier command said, where this one says nothing."""
        return Overrides(
            self.sources or earlier.sources,
            self.short or earlier.short,
            self.generator or earlier.generator,
            earlier.seed if self.seed is None else self.seed,
            self.licence or earlier.licence,
            {**earlier.model, **self.model},
        )


class GroupSpec(_Strict):
    """Documents that belong into one window: papers on one subject, or a series of reports."""

    kind: Literal["papers", "series"]
    documents: tuple[str, ...] = Field(min_length=1)


class CleanSpec(_Strict):
    """What a document must be to be kept. ``min_kept`` is the share of its characters that must be
    left in the text; navigation, contents and licence texts don't count.
    """

    min_kept: Share = 0.0


class WindowSpec(_Strict):
    """How documents are cut. Lengths are in tokens of the recipe's tokenizer."""

    lengths: tuple[Annotated[int, Field(ge=200)], ...] = Field(
        (4000, 8000, 16000, 32000), min_length=1
    )
    coverage: int = Field(2, ge=1, le=20)
    min_tokens: int = Field(2000, ge=1)


class PriceSpec(_Strict):
    """Money per million tokens. ``cached``: a prompt token from the server's prefix cache; as much
    as any other where it is left out.
    """

    prompt: float = Field(0.0, ge=0)
    completion: float = Field(0.0, ge=0)
    cached: float | None = Field(None, ge=0)


class ModelSpec(_Strict):
    """The language model that writes, for every generator but ``extractive``.

    ``base_url`` is the endpoint of ``openai``; ``key_variable`` names the environment variable that
    holds its key. ``context`` is the most tokens that the model takes, prompt and reply together;
    0: no bound. ``extra`` goes into every request as it is. Rates of 0 are no limit.
    """

    name: str = ""
    base_url: str = ""
    key_variable: str = "OPENAI_API_KEY"
    context: int = Field(0, ge=0)
    max_tokens: int = Field(2048, ge=16)
    temperature: float | None = Field(0.7, ge=0, le=2)
    extra: dict[str, Any] = Field(default_factory=dict)
    concurrency: int = Field(16, ge=1, le=4096)
    requests_per_minute: int = Field(0, ge=0)
    tokens_per_minute: int = Field(0, ge=0)
    timeout: float = Field(300.0, gt=0)
    prices: PriceSpec = Field(default_factory=PriceSpec)
    max_calls: int | None = Field(None, ge=0)
    max_cost: float | None = Field(None, ge=0)


class GenerateSpec(_Strict):
    """Who writes the questions, and how many per window.

    ``families`` switches kinds of questions of ``extractive`` on and off. The rest is for language
    models: ``strategy`` ``whole`` lets the model read the full window, ``anchored`` passages of
    ``passage_tokens`` at planned depths; ``tasks`` are shares of the data set's tasks (empty: as
    the prompts weigh themselves); ``prompts`` is a folder of the user's own prompt files;
    ``oversample`` times the mix's long rows are asked for, since filters drop some.
    """

    generator: str = "extractive"
    rows_per_1k_tokens: float = Field(3.0, gt=0, le=50)
    families: dict[str, bool] = Field(default_factory=dict)
    model: ModelSpec = Field(default_factory=ModelSpec)
    strategy: Literal["whole", "anchored"] = "anchored"
    passage_tokens: int = Field(1200, ge=50)
    tasks: dict[str, Share] = Field(default_factory=dict)
    prompts: str = ""
    oversample: float = Field(1.4, ge=1, le=10)


class FilterSpec(_Strict):
    """Bounds of the rules. Lengths are in characters. ``min_grounding`` is the share of a row's
    quotes that must stand in the material word for word.
    """

    max_question: int = Field(2400, ge=1)
    max_answer: int = Field(4000, ge=1)
    min_answer: int = Field(2, ge=1)
    near_duplicate: Share = 0.92
    min_grounding: Share = 0.75


class ShortSpec(_Strict):
    """A set of short instruction pairs in Alpaca form: a file, or a name on the Hub."""

    path: str = Field(min_length=1)
    licence: str = ""


class MixSpec(_Strict):
    """What the data set is made of.

    ``tasks``, ``lengths`` (upper bound in tokens of material → share) and ``languages`` are shares
    of the long rows and add up to 1; empty: as it comes. They are targets: what can't be had goes
    to the others, and the report says so, unless ``on_shortfall`` is ``error``. ``tasks`` are the
    original's by default. The caps are shares of the long rows, too, and are never broken.
    ``short_select``: pairs that differ most from one another in their words (diverse) or in what
    ``short_embedding`` makes of them, or any. That is ``wordllama``, a folder, or a model's name.
    """

    long: int = Field(9000, ge=0)
    short: int = Field(3000, ge=0)
    on_shortfall: Literal["scale", "fill", "error"] = "scale"
    tasks: dict[str, Share] = Field(
        default_factory=lambda: {
            "paper_review": 0.27,
            "document_analysis": 0.27,
            "comparison": 0.19,
            "book_qa": 0.175,
            "summarization": 0.095,
        }
    )
    lengths: dict[Annotated[int, Field(ge=1)], Share] = Field(default_factory=dict)
    languages: dict[str, Share] = Field(default_factory=dict)
    max_family_share: Annotated[float, Field(gt=0, le=1)] = 0.20
    max_document_share: Annotated[float, Field(gt=0, le=1)] = 0.30
    validation: Share = 0.05
    short_select: Literal["diverse", "embedding", "random"] = "diverse"
    short_embedding: str = Field("wordllama", min_length=1)

    @field_validator("tasks", "lengths", "languages")
    @classmethod
    def _whole(cls, shares: dict[Any, float]) -> dict[Any, float]:
        """Refuse shares that leave open what the rest should be."""
        if shares and abs(sum(shares.values()) - 1) > 0.01:
            total = f"{sum(shares.values()):.4g}"
            raise PydanticCustomError(
                "shares", "the shares add up to {total}, not to 1", {"total": total}
            )
        return shares

    def limited(self, long: int) -> MixSpec:
        """Return the mix with at most this many long rows (0: no limit), in the same ratio."""
        if not long or long >= self.long:
            return self
        short = round(self.short * long / self.long)
        return self.model_copy(update={"long": long, "short": short})


class Recipe(_Strict):
    """A whole reproduction."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    licence: str = ""
    seed: int = Field(42, ge=-SEEDS, lt=SEEDS)
    tokenizer: str = "cl100k_base"
    languages: tuple[str, ...] = ("en", "zh")
    documents: tuple[SourceSpec, ...] = Field(min_length=1)
    otherwise: tuple[SourceSpec, ...] = ()
    groups: tuple[GroupSpec, ...] = ()
    clean: CleanSpec = Field(default_factory=CleanSpec)
    windows: WindowSpec = Field(default_factory=WindowSpec)
    generate: GenerateSpec = Field(default_factory=GenerateSpec)
    filter: FilterSpec = Field(default_factory=FilterSpec)
    short: tuple[ShortSpec, ...] = ()
    short_otherwise: tuple[ShortSpec, ...] = ()
    mix: MixSpec = Field(default_factory=MixSpec)

    @field_validator("languages", mode="before")
    @classmethod
    def _one_language(cls, value: Any) -> Any:
        """Let `languages: any` stand for `languages: [any]`."""
        return [value] if isinstance(value, str) else value

    @field_validator("documents", "otherwise", "short", "short_otherwise", mode="before")
    @classmethod
    def _plain_paths(cls, value: Any) -> Any:
        """Let `- some/path` stand for `- path: some/path`."""
        if isinstance(value, list):
            return [{"path": entry} if isinstance(entry, str) else entry for entry in value]
        return value

    def with_overrides(self, said: Overrides) -> Recipe:
        """Return the recipe with what the command line says instead of it. SourceError for a
        source that can't be one. An endpoint without a generator means ``openai``.
        """
        changes: dict[str, Any] = {}
        if said.sources:
            changes |= {"documents": tuple(map(source_at, said.sources)), "otherwise": ()}
        if said.short:
            changes |= {"short": tuple(map(short_at, said.short)), "short_otherwise": ()}
        generator = said.generator or ("openai" if said.model.get("base_url") else "")
        generate: dict[str, Any] = {"generator": generator} if generator else {}
        if said.model:
            generate["model"] = self.generate.model.model_copy(update=dict(said.model))
        if generate:
            changes["generate"] = self.generate.model_copy(update=generate)
        if said.seed is not None:
            changes["seed"] = said.seed
        if said.licence:
            changes["licence"] = said.licence
        return self.model_copy(update=changes)

    def without_calls(self) -> Recipe:
        """Return the recipe with a model that only answers what it has answered before."""
        model = self.generate.model.model_copy(update={"max_calls": 0})
        generate = self.generate.model_copy(update={"model": model})
        return self.model_copy(update={"generate": generate})


def load_recipe(file: Path) -> Recipe:
    """Read and check a recipe; RecipeError names file, line and key, and the nearest known key."""
    return load(Recipe, file)
