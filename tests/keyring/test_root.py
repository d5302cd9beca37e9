"""CF-03, HT-15: root key files, each fault with one clear line."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from broker.keyring.errors import KeyFileError
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from tests.clock import START


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """keys/ with one root key."""
    create_root(tmp_path / "keys", lambda: START)
    return tmp_path / "keys"


def line(folder: Path) -> str:
    """The one line of the refusal."""
    with pytest.raises(KeyFileError) as refusal:
        load_roots(folder)
    text = str(refusal.value)
    assert "\n" not in text
    assert str(folder) in text
    return text


def the_file(folder: Path) -> Path:
    """The one root key."""
    (path,) = folder.glob("*.key")
    return path


def test_a_new_root_key(folder: Path) -> None:
    """HT-15: 0600 in a folder 0700, named by UTC time, says what it is, loads, and does not show itself."""
    path = the_file(folder)
    assert path.name == "root-20270115T080000Z.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert path.read_text().startswith("guest-broker root key, version 1, made 2027-01-15T08:00:00Z\n")
    roots = load_roots(folder)
    assert roots.newest.made_at == START
    assert path.read_text().splitlines()[1] not in repr(roots)
    assert len(roots.newest.key) == 32


def test_the_umask_widens_and_narrows_nothing(tmp_path: Path) -> None:
    """HT-15: 0600 whatever the shell's umask is."""
    for umask in (0o000, 0o777):
        before = os.umask(umask)
        try:
            (tmp_path / f"{umask}").mkdir(0o700)
            (tmp_path / f"{umask}").chmod(0o700)
            path = create_root(tmp_path / f"{umask}")
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_newest_seals_and_each_opens_its_own(folder: Path) -> None:
    """HT-15: a second key is younger even in the same second or under a clock that went back, and seals from then on."""
    before = Sealer(load_roots(folder)).seal(b"old", "p")
    second = create_root(folder, lambda: START)
    third = create_root(folder, lambda: START - 1000)
    roots = load_roots(folder)
    assert [root.path for root in sorted(roots.by_id.values(), key=lambda root: root.made_at)] == [
        the_first(folder),
        second,
        third,
    ]
    assert roots.newest.path == third
    both = Sealer(roots)
    assert both.open(before, "p") == b"old"
    assert both.seal(b"new", "p").split(".")[1] == roots.newest.id


def the_first(folder: Path) -> Path:
    """The key of the fixture."""
    return folder / "root-20270115T080000Z.key"


def test_the_time_inside_counts_not_the_name(folder: Path) -> None:
    """Files may be renamed by whoever deploys them."""
    create_root(folder, lambda: START + 100).rename(folder / "a.key")
    assert load_roots(folder).newest.path.name == "a.key"


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o604, 0o660, 0o666, 0o777, 0o700, 0o500, 0o601, 0o450, 0o441, 0o4600])
def test_wider_than_0600_or_0440(folder: Path, mode: int) -> None:
    """CF-03: a file that others could read or run is refused, and told how to mend."""
    the_file(folder).chmod(mode)
    assert f"has mode {mode:04o}" in line(folder)
    assert "chmod 0600" in line(folder)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
def test_modes_that_are_fine(folder: Path, mode: int) -> None:
    """HT-15: 0600, 0440, or narrower."""
    the_file(folder).chmod(mode)
    assert len(load_roots(folder).by_id) == 1


def test_a_symlink_is_judged_by_its_target(folder: Path, tmp_path: Path) -> None:
    """HT-15: Kubernetes mounts secrets as links; the link's own mode says nothing."""
    target = the_file(folder).rename(tmp_path / "mounted")
    (folder / "link.key").symlink_to(target)
    assert load_roots(folder).newest.path.name == "link.key"
    target.chmod(0o644)
    assert "has mode 0644" in line(folder)
    target.unlink()
    assert "no such file" in line(folder)


def test_a_folder_a_pipe_and_nothing(folder: Path) -> None:
    """CF-03: what is no file is refused at once; a pipe does not hang the start."""
    path = the_file(folder)
    text = path.read_text()
    path.unlink()
    assert "holds no root key; run `broker keys init`" in line(folder)
    path.mkdir()
    assert "is not a file" in line(folder)
    path.rmdir()
    os.mkfifo(path, 0o600)
    assert "is not a file" in line(folder)
    path.unlink()
    assert text
    assert "cannot be read (no such file or directory)" in line(folder / "missing")
    path.touch(0o600)
    assert "cannot be read (not a directory)" in line(path)


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "secret", "A" * 43, "guest-broker root key, version 2, made 2027-01-15T08:00:00Z\n" + "A" * 43,
        "guest-broker root key, version 1, made 2027-13-15T08:00:00Z\n" + "A" * 43, "guest-broker root key, version 1, made 2027-01-15T08:00:00Z\n" + "A" * 42,
        "guest-broker root key, version 1, made 2027-01-15T08:00:00Z\n" + "A" * 42 + "B", "guest-broker root key, version 1, made 2027-01-15T08:00:00Z\n" + "A" * 43 + "\nmore",
        "guest-broker root key, version 1, made 2027-01-15T08:00:00Z\n" + "ü" * 43, "x" * 5000,
    ],
)  # fmt: skip
def test_malformed(folder: Path, text: str) -> None:
    """CF-03: anything but the exact form, a cut file too; what it holds is not repeated."""
    the_file(folder).write_text(text)
    assert "is not a root key" in line(folder)
    assert "A" * 40 not in line(folder).replace(str(folder), "")


def test_one_bad_file_among_good_ones(folder: Path) -> None:
    """CF-03: it may be the one that sealed the ring, so it is not passed by; other names are."""
    (folder / "README").write_text("what lies here")
    (folder / ".hidden.key").write_text("an editor's copy")
    assert len(load_roots(folder).by_id) == 1
    (folder / "other.key").write_text("junk")
    (folder / "other.key").chmod(0o600)
    assert "other.key" in line(folder)


def test_a_root_key_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in the folder's place is one clear line; a second key beside a broken one is not made."""
    (tmp_path / "keys").write_text("")
    with pytest.raises(KeyFileError, match="cannot be written"):
        create_root(tmp_path / "keys")
    create_root(tmp_path / "good").write_text("broken")
    with pytest.raises(KeyFileError, match="is not a root key"):
        create_root(tmp_path / "good")
