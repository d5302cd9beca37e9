"""Hot reload: all or nothing, one reference, the old set on error."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from broker.settings.errors import ConfigErrors
from broker.settings.reload import CurrentSettings
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, PARTNER, PATHS, SECRET, good, write


def test_without_a_good_first_set_nothing_starts(tmp_path: Path):
    """CF-01, CF-02: a broken file keeps the server from starting."""
    with pytest.raises(ConfigErrors):
        CurrentSettings(good(tmp_path, broker="issuer: x\n"), ENVIRON)


def test_a_good_change_is_swapped_in(tmp_path: Path):
    """Issue 4: partners come and go with a reload; whoever holds the old set keeps it whole."""
    current = CurrentSettings(good(tmp_path), ENVIRON)
    old = current.get()
    assert current.get() is old
    assert not current.changed()
    write(
        tmp_path,
        {"config/partners/adatum.yaml": PARTNER.replace("fabrikam.example]", "adatum.example]").replace("contoso-b", "b")},
    )
    assert current.changed()
    assert current.refresh() == []
    assert not current.changed()
    assert set(current.get().partners) == {"fabrikam", "adatum"}
    assert set(old.partners) == {"fabrikam"}
    assert current.get().digest != old.digest
    (tmp_path / "config/partners/adatum.yaml").unlink()
    assert current.changed()
    assert current.refresh() == []
    assert set(current.get().partners) == {"fabrikam"}
    assert current.get().digest == old.digest


def test_a_bad_file_never_replaces_a_good_one(tmp_path: Path):
    """All or nothing: one bad file of several changed ones, and the old set stays whole; told once, until it changes again."""
    current = CurrentSettings(good(tmp_path), ENVIRON)
    old = current.get()
    good(tmp_path, broker=BROKER.replace("Contoso", "Contoso Ltd"), partner=PARTNER + "colour: red\n")
    assert current.changed()
    assert [str(error) for error in current.refresh()] == [
        "config/partners/fabrikam.yaml:7: colour: is an unknown key; write one of name, domains, members, hidden, saml, oidc, claims, allowed_clock_skew, trust"
    ]
    assert current.get() is old
    assert not current.changed()
    good(tmp_path, broker=BROKER.replace("Contoso", "Contoso Ltd"))
    assert current.changed()
    assert current.refresh() == []
    assert current.get().broker.organization.name == "Contoso Ltd"


@pytest.mark.parametrize("kind", PATHS)
def test_each_kind_of_file_is_watched(kind, tmp_path: Path):
    """A change of any file is seen, also one of the same size and a replaced link."""
    current = CurrentSettings(good(tmp_path), ENVIRON)
    path = tmp_path / PATHS[kind]
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert current.changed()
    assert current.refresh() == []
    other = tmp_path / "elsewhere"
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    path.unlink()
    path.symlink_to(other)
    assert current.changed()


def test_a_secret_file_is_watched_too(tmp_path: Path):
    """A rotated secret is a change of the settings, and so is a key set; a missing one keeps the old set."""
    write(tmp_path, {"run/secret": SECRET, "config/keys.json": "{}"})
    good(tmp_path, application=APPLICATION.replace("${env:PAYROLL_SECRET}", "${file:run/secret}"))
    current = CurrentSettings(tmp_path, ENVIRON)
    old = current.get()
    assert not current.changed()
    write(tmp_path, {"run/secret": SECRET[::-1]})
    assert current.changed()
    assert current.refresh() == []
    secret = current.get().applications["payroll"].client_secret
    assert secret is not None
    assert secret.get_secret_value() == SECRET[::-1]
    (tmp_path / "run/secret").unlink()
    assert current.changed()
    assert [error.line for error in current.refresh()] == [2]
    assert current.get() is not old
    assert not current.changed()
    write(tmp_path, {"run/secret": SECRET, "config/applications/keyed.yaml": "name: x\njwks: config/keys.json\n"})
    assert [error.key for error in current.refresh()] == ["jwks"]
    write(tmp_path, {"config/keys.json": "[]  "})
    assert current.changed()


def test_other_files_are_not_watched(tmp_path: Path):
    """Notes, certificates and editors' files change nothing."""
    current = CurrentSettings(good(tmp_path), ENVIRON)
    write(tmp_path, {"config/partners/notes.txt": "x", "config/broker.yaml.swp": "x", "config/extra/x.yaml": "x"})
    assert not current.changed()


def test_refreshes_at_once_are_one_after_the_other(tmp_path: Path):
    """Threads that refresh together each see a whole set."""
    current = CurrentSettings(good(tmp_path), ENVIRON)
    seen: list[int] = []

    def again() -> None:
        seen.extend(len(current.refresh()) + len(current.get().partners) for _ in range(5))

    threads = [threading.Thread(target=again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 20


def test_what_a_process_cannot_change_while_it_serves(tmp_path: Path):
    """Cookies, tokens and connections stand on issuer and database: their change waits for a restart, told by its line."""
    current = CurrentSettings(good(tmp_path), ENVIRON)
    old = current.get()
    good(tmp_path, broker="organization: {name: C}\nissuer: https://new.contoso.example\ndatabase: sqlite:///var/new.db\n")
    message = "is not what this process runs with; restart the broker to use it"
    assert [str(error) for error in current.refresh()] == [
        f"config/broker.yaml:2: issuer: {message}",
        f"config/broker.yaml:3: database: {message}",
    ]
    assert current.get() is old
    assert [error.key for error in current.errors] == ["issuer", "database"]
    good(tmp_path)
    assert current.refresh() == []
    assert current.errors == ()


def test_the_mark_names_what_was_looked_at(tmp_path: Path):
    """The same in every process that looked at the same files, another after a change, good or bad."""
    first, second = CurrentSettings(good(tmp_path), ENVIRON), CurrentSettings(tmp_path, ENVIRON)
    before = first.mark
    assert before == second.mark
    write(tmp_path, {"config/policies/bad.yaml": "x"})
    assert len(first.refresh()) == 1
    assert first.mark != before
    assert len(second.refresh()) == 1
    assert first.mark == second.mark


def test_folders_may_come_later(tmp_path: Path):
    """A new home has no folders; the first partner is a change."""
    current = CurrentSettings(write(tmp_path, {"config/broker.yaml": BROKER}), ENVIRON)
    assert not current.changed()
    write(tmp_path, {PATHS["partner"]: PARTNER})
    assert current.changed()
    assert current.refresh() == []
    assert set(current.get().partners) == {"fabrikam"}
