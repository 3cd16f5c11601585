"""Each new revision of Postgres is safe while the previous release serves (checked by squawk).

A revision that must break a rule names it with its reason: `SQUAWK_IGNORED = {"rule": "reason"}`.
"""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from groundwork_data.postgres.migrations import TIME_LIMITS

SCRIPTS = Path(__file__).parents[3] / "migrations" / "postgres"
BASELINE = "0034"
"""The newest revision that was written before this check."""
SQUAWK = Path(sys.executable).with_name("squawk")
BESIDE_A_CONCURRENT_BUILD = ("SET ", "BEGIN", "COMMIT", "DROP INDEX CONCURRENTLY")
REVISION = """
import sqlalchemy as sa
from alembic import op
from groundwork_data.postgres.concurrent_indexes import create_index_concurrently
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade():
    {step}
"""
FIRST = """
revision, down_revision, branch_labels, depends_on = "0001", None, None, None
"""


def config_of(scripts: Path, output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(scripts))
    return config


def revisions_after(baseline: str) -> list[Script]:
    every = ScriptDirectory.from_config(config_of(SCRIPTS)).walk_revisions()
    return [each for each in every if each.revision > baseline]


def sql_of(scripts: Path, revision: Script) -> str:
    output = io.StringIO()
    before = f"{revision.down_revision}:" if revision.down_revision else ""
    command.upgrade(config_of(scripts, output), f"{before}{revision.revision}", sql=True)
    return output.getvalue()


def faults_of(sql: str, ignored: Mapping[str, str]) -> list[str]:
    """Return what squawk finds, as `rule: statement's line`."""
    asked = [str(SQUAWK), "--pg-version", "18", "--reporter", "json", "--stdin-filepath", "x.sql"]
    for rule in ignored:
        asked += ["--exclude", rule]
    found = subprocess.run(asked, input=sql, capture_output=True, text=True, check=False)
    lines = sql.splitlines()
    return [f"{each['rule_name']}: {lines[each['line']]}" for each in json.loads(found.stdout)]


def statements_of(sql: str) -> list[str]:
    lines = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
    return [" ".join(each.split()) for each in lines.split(";") if each.strip()]


def beside_a_concurrent_build(sql: str) -> list[str]:
    """Return what a revision does besides building indexes concurrently; empty if it builds none.

    Those statements are committed even if the build fails, so running it again would fail.
    """
    statements = statements_of(sql)
    if not any("INDEX CONCURRENTLY" in each for each in statements):
        return []
    return [
        each
        for each in statements
        if not each.startswith(BESIDE_A_CONCURRENT_BUILD)
        and "INDEX CONCURRENTLY" not in each
        and "alembic_version" not in each
    ]


def made(folder: Path, step: str) -> str:
    """Return the SQL of a revision with this step."""
    (folder / "versions").mkdir()
    (folder / "env.py").write_text((SCRIPTS / "env.py").read_text())
    (folder / "versions" / "first.py").write_text(FIRST)
    (folder / "versions" / "second.py").write_text(REVISION.format(step=step))
    newest = next(ScriptDirectory.from_config(config_of(folder)).walk_revisions())
    return sql_of(folder, newest)


def test_every_new_revision_is_safe_while_the_previous_release_serves() -> None:
    found = {}
    for revision in revisions_after(BASELINE):
        sql = sql_of(SCRIPTS, revision)
        ignored: dict[str, str] = getattr(revision.module, "SQUAWK_IGNORED", {})
        assert all(ignored.values()), "each rule that is ignored needs its reason"
        if faults := faults_of(sql, ignored) + beside_a_concurrent_build(sql):
            found[revision.revision] = faults
    assert found == {}


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        ('op.create_index("ix", "jobs", ["status"])', "require-concurrent-index-creation"),
        ('op.drop_column("jobs", "status")', "ban-drop-column"),
        ('op.create_check_constraint("c", "jobs", "id > 0")', "constraint-missing-not-valid"),
        ('op.execute("RESET lock_timeout; ALTER TABLE jobs RENAME TO work")', "renaming-table"),
    ],
)
def test_a_step_that_blocks_or_breaks_requests_is_found(
    tmp_path: Path, step: str, rule: str
) -> None:
    assert [each.split(":")[0] for each in faults_of(made(tmp_path, step), {})] == [rule]


def test_a_concurrent_index_build_is_not_a_finding(tmp_path: Path) -> None:
    sql = made(tmp_path, 'create_index_concurrently("ix", "jobs", ["status"])')
    assert faults_of(sql, {}) == []
    assert beside_a_concurrent_build(sql) == []


def test_another_step_beside_a_concurrent_build_is_found(tmp_path: Path) -> None:
    build = 'create_index_concurrently("ix", "jobs", ["status"])'
    sql = made(tmp_path, f'op.add_column("jobs", sa.Column("a", sa.Text())); {build}')
    assert beside_a_concurrent_build(sql) == ["ALTER TABLE jobs ADD COLUMN a TEXT"]


@pytest.mark.parametrize("limit", TIME_LIMITS)
def test_each_time_limit_of_a_migration_is_required(tmp_path: Path, limit: str) -> None:
    sql = made(tmp_path, 'op.add_column("jobs", sa.Column("a", sa.Text()))')
    assert faults_of(sql, {}) == []
    without = sql.replace(f"SET {limit} = '{TIME_LIMITS[limit]}';", "")
    rule = f"require-{limit.replace('_', '-')}"
    assert [each.split(":")[0] for each in faults_of(without, {})] == [rule]
