"""ZIP containers from strangers: caps against bombs, and XML without entities or network."""

from __future__ import annotations

import io
import posixpath
import unicodedata
import zipfile
import zlib

from lxml import etree

from longalpaca_data.core.errors import UnreadableError

MAX_UNPACKED = 500 * 1024 * 1024
MAX_ENTRIES = 20_000
# Deflate can't do better than 1032:1; XML of real documents stays under 60:1 (the corpus: 21:1).
MAX_RATIO = 200
RATIO_COUNTS_FROM = 10 * 1024 * 1024


class Archive:
    """A ZIP file in memory, read member by member under a common budget."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UnreadableError("corrupt", f"broken ZIP container: {error}") from error
        self._budget = MAX_UNPACKED
        self._names = frozenset(self._zip.namelist())
        self._folded = {_folded(name): name for name in reversed(self._zip.namelist())}
        self._check(len(data))

    def _check(self, packed: int) -> None:
        entries = self._zip.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ENTRIES:
            raise UnreadableError("too large", f"{len(entries)} entries in one container")
        if unpacked > MAX_UNPACKED:
            raise UnreadableError("too large", f"{unpacked >> 20} MiB when unpacked")
        if unpacked > RATIO_COUNTS_FROM and unpacked > packed * MAX_RATIO:
            raise UnreadableError("too large", f"unpacks to {unpacked // packed} times its size")

    def names(self) -> frozenset[str]:
        """Return the names of all members."""
        return self._names

    def find(self, name: str) -> str:
        """Return the member that a reference means, whatever its case; '' for none."""
        path = posixpath.normpath(name.lstrip("/")) if name else ""
        return path if path in self.names() else self._folded.get(_folded(path), "")

    def read(self, name: str) -> bytes:
        """Return a member's bytes; what the directory says of its size isn't trusted.

        Raises UnreadableError: 'corrupt' (missing or broken), 'encrypted', 'too large'.
        """
        try:
            info = self._zip.getinfo(name)
            if info.flag_bits & 1:
                raise UnreadableError("encrypted", name)
            with self._zip.open(info) as member:
                data = member.read(self._budget + 1)
        except KeyError as error:
            raise UnreadableError("corrupt", f"{name} is missing") from error
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
            raise UnreadableError("corrupt", f"{name}: {error}") from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableError("corrupt", f"{name}: {error}") from error
        self._budget -= len(data)
        if self._budget < 0:
            raise UnreadableError("too large", f"more than {MAX_UNPACKED >> 20} MiB unpacked")
        return data


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def parse_xml(data: bytes, name: str) -> etree._Element:
    """Parse XML that a stranger wrote: no entity expansion, no DTD, no network."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError("corrupt", f"{name}: {error}") from error
    if root is None:
        raise UnreadableError("corrupt", f"{name} holds no XML")
    return root
