"""A dataset repository on the Hub, for one purpose: to put files there, whole or not at all.

Large files are sent first, one after the other. The Hub keeps what has arrived, so after a cut the
same files are offered again and those that are there are not sent twice. One commit at the end
makes all of them visible and removes what an earlier build had left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from longalpaca_data.core.errors import HubError
from longalpaca_data.core.progress import Progress
from longalpaca_data.hub.content import OWN, Published
from longalpaca_data.hub.failures import conflicting, hub_errors, patient, transient

_KIND = "dataset"
_PULL_REQUEST = "refs/"  # its branch (refs/pr/1) is made by the Hub


@dataclass(frozen=True)
class Repository:
    """``name`` is OWNER/NAME; an empty ``revision`` is the main branch."""

    api: HfApi
    token: str
    name: str
    revision: str
    progress: Progress

    @property
    def url(self) -> str:
        """Its page."""
        return f"{self.api.endpoint}/datasets/{self.name}"

    def open(self, *, private: bool) -> bool:
        """Create the repository, and the branch, where they are missing; return whether it is
        private. HubError where it is public and ``private`` was asked for.
        """
        with hub_errors(f"opening {self.name}", self.token):
            hidden = patient(self.progress)(self._opened, private=private)
        if private and not hidden:
            raise HubError(
                f"{self.name} is there already and public",
                do="make it private in its settings on the Hub, or name another with --repo",
            )
        if self.revision and not self.revision.startswith(_PULL_REQUEST):
            with hub_errors(f"opening the branch {self.revision} of {self.name}", self.token):
                patient(self.progress)(
                    self.api.create_branch,
                    self.name,
                    branch=self.revision,
                    repo_type=_KIND,
                    exist_ok=True,
                )
        return hidden

    def _opened(self, *, private: bool) -> bool:
        try:
            info = self.api.dataset_info(self.name)
        except RepositoryNotFoundError:
            self.api.create_repo(self.name, repo_type=_KIND, private=private, exist_ok=True)
            info = self.api.dataset_info(self.name)
        return bool(info.private)

    def put(self, files: Sequence[Published], message: str) -> CommitInfo:
        """Send files and commit them, with the removal of files of an earlier build."""

        def again(error: BaseException) -> bool:
            return transient(error) or conflicting(error)

        with hub_errors(f"committing to {self.name}", self.token):
            return patient(self.progress, again)(self._commit, files, message)

    def _commit(self, files: Sequence[Published], message: str) -> CommitInfo:
        # All of it at each attempt: where only the answer was lost, the Hub has the files by then
        # and there is nothing left to commit.
        stale = self._stale({file.path for file in files})
        sent = list(self._sent(files))
        return self.api.create_commit(
            self.name,
            [*(CommitOperationDelete(path, is_folder=False) for path in stale), *sent],
            commit_message=message,
            repo_type=_KIND,
            revision=self.revision or None,
        )

    def _stale(self, new: set[str]) -> list[str]:
        with hub_errors(f"listing the files of {self.name}", self.token):
            there = self.api.list_repo_files(
                self.name, repo_type=_KIND, revision=self.revision or None
            )
        return sorted(path for path in there if OWN.fullmatch(path) and path not in new)

    def _sent(self, files: Sequence[Published]) -> Iterator[CommitOperationAdd]:
        """Send the large files; the small ones travel with the commit. The Hub's client repeats
        each request itself.
        """
        with self.progress.stage("upload", len(files)) as done:
            for file in files:
                with hub_errors(f"sending {file.path}", self.token):
                    addition = CommitOperationAdd(file.path, file.content)
                    self.api.preupload_lfs_files(
                        self.name,
                        [addition],
                        repo_type=_KIND,
                        revision=self.revision or None,
                        free_memory=False,
                    )
                done(1)
                yield addition

    def tag(self, name: str, commit: str) -> None:
        """Put a tag on a commit. HubError where it stands on another one already."""
        with hub_errors(f"tagging {self.name}", self.token):
            try:
                patient(self.progress)(
                    self.api.create_tag, self.name, tag=name, revision=commit, repo_type=_KIND
                )
            except HfHubHTTPError as error:
                if error.response.status_code != 409:
                    raise
                if self._tagged(name) != commit:
                    raise HubError(
                        f"the files are in {self.name}; the tag {name} stands on another commit",
                        do="name a new one with --tag",
                    ) from error

    def _tagged(self, name: str) -> str:
        tags = self.api.list_repo_refs(self.name, repo_type=_KIND).tags
        return next((tag.target_commit for tag in tags if tag.name == name), "")
