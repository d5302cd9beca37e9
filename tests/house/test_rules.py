"""docs/rules.md is true: paths exist, finished rules have tests, the tests named do name them."""

from __future__ import annotations

from tests.rules import FINISHED, ROOT, naming_tests, rows

RULES = rows()


def test_table_is_whole():
    """Every rule once: HP 1-65, HS 1-41, HO 1-19, HT 1-22, HW 1-13."""
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    expected = {f"{family}-{n}" for family, last in (("HP", 65), ("HS", 41), ("HO", 19), ("HT", 22)) for n in range(1, last + 1)}
    assert set(ids) == expected | {f"HW-{n}" for n in range(1, 14)}


def test_code_is_where_the_table_says():
    """A path of a finished rule exists."""
    done = [rule for rule in RULES if rule.since is not None and rule.since <= FINISHED]
    assert [rule.id for rule in done if not (ROOT / rule.code).exists()] == []


def test_every_finished_rule_is_kept_by_a_test():
    """A rule of a finished capability that no test names is not kept."""
    named = naming_tests()
    assert [rule.id for rule in RULES if rule.since is not None and rule.since <= FINISHED and rule.id not in named] == []


def test_the_tests_in_the_table_name_their_rule():
    """`.venv/bin/python -m tests.rules` writes the column anew."""
    named = naming_tests()
    assert [(rule.id, test) for rule in RULES for test in rule.tests if test not in named.get(rule.id, [])] == []
