"""A finished data set → a dataset repository on the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._validators import validate_repo_id

from longalpaca_data.core.errors import HubError
from longalpaca_data.core.progress import Progress
from longalpaca_data.dataset.manifest import Manifest, read_manifest
from longalpaca_data.hub.connection import connection, find_token
from longalpaca_data.hub.content import Published, published
from longalpaca_data.hub.failures import Discreet, hub_errors, patient
from longalpaca_data.hub.refusals import check_files, check_licence, check_secrets
from longalpaca_data.hub.repository import Repository

_YOU = "YOUR-NAME"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a data set goes. ``repository`` is NAME or OWNER/NAME, empty for the recipe's name
    under the user who is logged in; an empty ``revision`` is the main branch. ``licence`` is the
    set's own, empty for the one that it was built with.
    """

    repository: str = ""
    private: bool = False
    revision: str = ""
    tag: str = ""
    licence: str = ""

    def manifest(self, folder: Path) -> Manifest:
        """Return a data set's manifest, as it is published. DatasetError where there is none."""
        manifest = read_manifest(folder)
        if not self.licence:
            return manifest
        recipe = {**manifest.recipe, "licence": self.licence}
        return msgspec.structs.replace(manifest, recipe=recipe)

    def under(self, user: str, manifest: Manifest) -> str:
        """Return OWNER/NAME. HubError where that is no name for the Hub."""
        name = self.repository or manifest.name
        full = name if "/" in name else f"{user}/{name}"
        try:
            validate_repo_id(full)
        except HFValidationError as error:
            raise HubError(
                f"{full!r} can't be the name of a repository ({error})",
                do="name one with --repo",
            ) from error
        return full


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was published, and where."""

    folder: Path
    url: str
    private: bool
    commit: str
    files: int
    size: int


def dry_run(folder: Path, target: Target) -> tuple[str, list[Published]]:
    """Return the repository's name and the files for it; nothing is asked of the Hub, so a
    repository under the user's name is shown under YOUR-NAME.
    """
    manifest = target.manifest(folder)
    name = target.under(_YOU, manifest)
    return name, published(folder, manifest, name)


def check(folder: Path, target: Target, files: Sequence[Published]) -> None:
    """Raise DatasetError for the first reason not to publish a data set."""
    check_licence(folder, target.manifest(folder))
    check_files(folder)
    check_secrets(folder, files)


def push(folder: Path, target: Target, progress: Progress) -> Pushed:
    """Publish a data set. Raises DatasetError for what is wrong with it and HubError for what the
    Hub says; run again, it sends what is missing.
    """
    manifest = target.manifest(folder)
    check_licence(folder, manifest)
    token = find_token()
    progress = Discreet(progress, token)
    with connection(token, progress) as api:
        with hub_errors("asking the Hub for your name", token):
            user = patient(progress)(api.whoami)["name"]
        name = target.under(user, manifest)
        progress.say(f"publishing {folder} as {name}")
        files = published(folder, manifest, name)
        check(folder, target, files)
        repository = Repository(api, token, name, target.revision, progress)
        private = repository.open(private=target.private)
        commit = repository.put(files, f"Upload {manifest.name}")
        if target.tag:
            repository.tag(target.tag, commit.oid)
    size = sum(file.size for file in files)
    return Pushed(folder, repository.url, private, commit.oid, len(files), size)
