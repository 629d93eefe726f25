"""docs/lifecycle.md is what the table says."""

from pathlib import Path

from dispatch.drawing import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"


def test_the_page_is_generated_from_the_table() -> None:
    assert PAGE.read_text("utf-8") == page()
