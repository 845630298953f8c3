"""The screen before a search, at the width of a terminal."""

from pathlib import Path

import pytest

from tuner.cli.main import run


@pytest.fixture
def screen(tmp_path, capsys, monkeypatch):
    """Returns the lines that a dry run prints for a table."""
    monkeypatch.setenv("COLUMNS", "80")

    def lines(rows: list[str], *options: str) -> list[str]:
        path = Path(tmp_path / "d.csv")
        path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
        assert run(["search", "--data", str(path), "--runs-dir", str(tmp_path / "runs"), "--dry-run", *options]) == 0
        return [line.strip() for line in capsys.readouterr().out.splitlines()]

    return lines


def test_counts_and_shares_of_every_part_and_what_answering_blindly_would_reach(screen):
    shown = screen([f"good {i} day,{'ok' if i % 30 else 'rare'}" for i in range(900)])
    assert "2 classes          all        train  validation  test, not touched" in shown
    assert "ok         870 (96.7%)  609 (96.7%)  87 (96.7%)        174 (96.7%)" in shown
    assert "rare         30 (3.3%)    21 (3.3%)    3 (3.3%)           6 (3.3%)" in shown
    assert "always 'ok' would be right in 96.7%" in shown
    assert "classes are uneven: --metric macro_f1 counts each of them alike" in shown


def test_classes_beyond_a_dozen_are_counted_together(screen):
    shown = screen([f"good {i} day,c{i % 20:02d}" for i in range(400)])
    assert any(line.startswith("20 classes") for line in shown)
    assert any(line.startswith("8 more") and line.split()[2:] == ["160", "112", "16", "32"] for line in shown)


def test_notes_name_options_as_the_command_line_has_them(screen):
    rows = [f"good {i} day,{'Pos' if i % 2 else 'neg'}" for i in range(60)] + ["x,pos"] * 3
    assert "--fold-labels joins them" in " ".join(screen(rows))
    joined = " ".join(screen(rows, "--fold-labels"))
    assert "labels that differ in capitals only are joined: 'Pos', 'pos'" in joined
