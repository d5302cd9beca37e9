"""What YAML is read, and what of YAML is refused (CF-02)."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from broker.settings.yaml_tree import LIMIT, read
from tests.settings.homes import BROKER, ENVIRON, good, lines, of, write

CASES = {
    "empty": (b"", ["1: file: is empty; write its keys, or delete it"]),
    "only a comment": (b"# nothing\n", ["1: file: is empty; write its keys, or delete it"]),
    "null": (b"---\nnull\n", ["1: file: is empty; write its keys, or delete it"]),
    "a list": (b"- issuer\n", ["1: file: is not a map; write lines of the form key: value"]),
    "a text": (b"issuer\n", ["1: file: is not a map; write lines of the form key: value"]),
    "not UTF-8": (b"issuer: https://a.example\nname: Caf\xe9\n", ["2: file: is not UTF-8; save it as UTF-8"]),
    "UTF-16": ("issuer: x".encode("utf-16"), ["1: file: is not UTF-8; save it as UTF-8"]),
    "control character": (
        b"issuer: a\x00b\n",
        ["1: yaml: holds a character that YAML does not allow; save it as plain UTF-8 text"],
    ),
    "open bracket": (
        b"issuer: https://a.example\nlanguages: [en, nl\nsessions: {}\n",
        ["3: yaml: did not find expected ',' or ']'; check indentation, colons and quotes"],
    ),
    "reference in a flow list": (
        b"issuer: https://a.example\nadministrators: [${env:ADMIN}]\n",
        ["2: yaml: did not find expected ',' or ']'; put texts with ${...} into quotes"],
    ),
    "tab": (
        b"issuer:\n\thttps://a.example\n",
        ["2: yaml: found character that cannot start any token; check indentation, colons and quotes"],
    ),
    "two documents": (BROKER.encode() + b"---\nissuer: x\n", ["3: file: holds a second document; write one a file"]),
    "tag": (
        BROKER.encode() + b"database: !!python/object/apply:os.system ['true']\n",
        ["3: database: tag:yaml.org,2002:python/object/apply:os.system is a tag; write plain values without !"],
    ),
    "local tag": (BROKER.encode() + b"database: !env DB\n", ["3: database: !env is a tag; write plain values without !"]),
    "anchor": (BROKER.encode() + b"languages: &all [en]\n", ["3: languages: &all is an anchor; remove it"]),
    "alias": (
        BROKER.encode() + b"sessions: &s {idle: 1h}\ntokens: *s\n",
        ["3: sessions: &s is an anchor; remove it", "4: tokens: *s is an alias; write the value itself"],
    ),
    "merge key": (
        BROKER.encode() + b"sessions: {<<: {idle: 1h}}\n",
        ["3: sessions.<<: is an unknown key; write one of lifetime, idle"],
    ),
    "duplicate": (
        b"issuer: https://a.example\nlanguages: [en]\nissuer: https://b.example\n",
        ["3: issuer: stands here a second time, first in line 1; keep one"],
    ),
    "nested duplicate": (
        BROKER.encode() + b"tokens:\n  access: 10m\n  id: 10m\n  access: {a: [b]}\n",
        ["6: tokens.access: stands here a second time, first in line 4; keep one"],
    ),
    "map as key": (BROKER.encode() + b"? {a: b}\n: c\n", ["3: ?: a key is not a plain word; write key: value"]),
    "too deep": (
        BROKER.encode() + b"database: " + b"[" * 20 + b"]" * 20,
        ["3: yaml: more than 16 levels; check indentation, colons and quotes"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_yaml_is_refused(case, tmp_path: Path):
    """CF-02: each kind of bad YAML is one line with its place."""
    raw, expected = CASES[case]
    assert of("broker", tmp_path, raw) == expected


def test_a_file_over_the_cap_is_not_read(tmp_path: Path):
    """CF-02: 256 KiB is the cap, to the byte."""
    full = BROKER.encode()
    full += b"#" * (LIMIT - len(full))
    assert of("broker", tmp_path, full) == []
    message = "1: file: is larger than 256 KiB; split it or remove what does not belong here"
    assert of("broker", tmp_path, full + b"#") == [message]


def test_an_anchors_bomb_costs_nothing():
    """CF-02: aliases are never expanded, so the billion laughs stay ten lines."""
    bomb = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    tracemalloc.start()
    tree = read(bomb.encode(), "bomb.yaml")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(tree.errors) == 12 + 110
    assert peak < 1_000_000


def test_a_byte_order_mark_is_taken(tmp_path: Path):
    """Editors on Windows write one; YAML 1.2 5.2 allows it."""
    assert of("broker", tmp_path, b"\xef\xbb\xbf" + BROKER.encode()) == []


def test_scalars_are_what_they_look_like():
    """Only null, yes/no words and plain decimal numbers have a type; dates, fractions, times and octals stay texts."""
    tree = read(b"a: 2026-01-15\nb: 1.5\nc: 12:30\nd: 010\ne: 0x1f\nf: 7\ng: -1\nh: no\ni: 'no'\nj: ~\nk:\nl: True\n", "f")
    assert tree.data == {
        "a": "2026-01-15", "b": "1.5", "c": "12:30", "d": "010", "e": "0x1f", "f": 7, "g": -1,
        "h": False, "i": "no", "j": None, "k": None, "l": True,
    }  # fmt: skip


def test_lines_are_right_inside_maps_and_lists():
    """A place's line is that of its key or list item; what does not exist has the line of what holds it."""
    tree = read(b"# first\na:\n  b:\n    - x\n    - y: 1\n      z: 2\n  c: [p,\n      q]\n", "f")
    places = {(): 2, ("a",): 2, ("a", "b"): 3, ("a", "b", 1): 5, ("a", "b", 1, "z"): 6, ("a", "c", 1): 8, ("a", "missing"): 2}
    assert {place: tree.line(place) for place in places} == places


def test_files_that_cannot_be_files(tmp_path: Path):
    """CF-02: a folder, a file nobody may read and a missing broker.yaml are errors, not traces."""
    good(tmp_path)
    (tmp_path / "config/broker.yaml").unlink()
    (tmp_path / "config/partners/contoso.yaml").mkdir()
    (tmp_path / "config/partners/gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "config/partners/loop.yaml").symlink_to(tmp_path / "config/partners/loop.yaml")
    absent = "does not exist; write it, or name the folder that holds config/ by --home"
    assert lines(tmp_path) == [
        f"config/broker.yaml:1: file: {absent}",
        "config/partners/contoso.yaml:1: file: is not a file; replace it by one",
        f"config/partners/gone.yaml:1: file: {absent}",
        "config/partners/loop.yaml:1: file: cannot be read; make it readable for the broker's user",
    ]


def test_names_that_are_no_ids(tmp_path: Path):
    """A file that would be missed or has no usable name is an error; editors' and other files are passed over."""
    good(tmp_path)
    write(
        tmp_path,
        {
            "config/partners/Contoso.yaml": "",
            "config/partners/email.yaml": "",
            "config/policies/what-if.yaml": "",
            "config/partners/adatum.yml": "",
            "config/policies/two words.yaml": "",
            "config/applications/.payroll.yaml": "",
            "config/applications/payroll.yaml~": "",
            "config/partners/fabrikam.pem": "",
        },
    )
    rule = "use lower-case letters, digits and . _ -, beginning with a letter or digit"
    assert lines(tmp_path, ENVIRON) == [
        f"config/partners/Contoso.yaml:1: file: its name is no partner id; {rule}",
        "config/partners/adatum.yml:1: file: ends in .yml and would be missed; name it adatum.yaml",
        "config/partners/email.yaml:1: file: email names the guests who prove themselves by a code sent by mail; choose another name",
        f"config/policies/two words.yaml:1: file: its name is no policy id; {rule}",
        "config/policies/what-if.yaml:1: file: what-if is the address of a page of the portal; choose another name",
    ]


def test_every_error_of_every_file_in_one_run(tmp_path: Path):
    """CF-02: bad YAML, unknown keys, missing references and cross-file errors come together, sorted by file and line."""
    good(
        tmp_path,
        broker="issuer: https://login.contoso.example\norganisation: {name: Contoso}\n",
        partner="name: [Fabrikam\n",
        application="name: Payroll\nclient_secret: ${env:NOT_SET}\n",
        policy="name: Second factor\nusers: {include: {partners: [fabricam]}}\ngrant: {require: [mfa]}\n",
    )
    assert lines(tmp_path) == [
        "config/applications/payroll.yaml:2: client_secret: environment variable NOT_SET is not set; set it, or write ${file:PATH}",
        "config/broker.yaml:2: organisation: is an unknown key; did you mean organization?",
        "config/partners/fabrikam.yaml:1: yaml: did not find expected ',' or ']'; check indentation, colons and quotes",
        "config/policies/mfa.yaml:2: users.include.partners.0: 'fabricam' is no partner we have a file of; did you mean fabrikam?",
    ]
