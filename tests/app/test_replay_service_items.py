"""manage.py load_service_items: a list of items, loaded once, refused by row."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from affairs.models import ServiceItem

HEAD = "item_code,name,department,kind\n"
pytestmark = pytest.mark.django_db


def load(path: Path, *options: str) -> str:
    """Run the command; what it prints."""
    out = StringIO()
    call_command("load_service_items", str(path), *options, stdout=out)
    return out.getvalue()


def file_of(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A CSV file."""
    path = tmp_path / "items.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_items_are_added_changed_and_left_as_they_are(tmp_path: Path) -> None:
    first = file_of(tmp_path, HEAD + "A1,开办餐饮店,市场监管局,1\nA2,临时占道,城管局,1\n")
    assert "added 2, changed 0, unchanged 0, refused 0" in load(first)
    assert "added 0, changed 0, unchanged 2, refused 0" in load(first)
    later = file_of(tmp_path, HEAD + "A2,临时占用道路,城管局,1\nA3,树木移植,园林局,2\n")
    assert "added 1, changed 1, unchanged 0" in load(later)
    names = dict(ServiceItem.objects.values_list("code", "name"))
    assert names == {"A1": "开办餐饮店", "A2": "临时占用道路", "A3": "树木移植"}


def test_rows_that_cannot_be_items_are_refused_with_the_reason(tmp_path: Path) -> None:
    lines = ["A1,one,,", ",no code,,", "A2,,,", f"{'x' * 65},long,,", "A1,other,,", "A1,one,,"]
    printed = load(file_of(tmp_path, HEAD + "\n".join(lines)))
    assert "added 1, changed 0, unchanged 0, refused 4" in printed
    assert "REQUIRED 2" in printed
    assert "row 4: the code has 65 letters, 64 at most" in printed
    assert "row 5: code A1 stands above with another content" in printed


def test_columns_and_encoding_may_be_named(tmp_path: Path) -> None:
    path = file_of(tmp_path, "编码,事项\nB1,不动产登记\n", "gb18030")
    with pytest.raises(CommandError, match="--encoding gb18030"):
        load(path)
    options = ("--encoding", "gb18030", "--code-field", "编码", "--name-field", "事项")
    assert "added 1" in load(path, *options)
    with pytest.raises(CommandError, match=r"no column 'item_code'.*its columns are: 编码"):
        load(path, "--encoding", "gb18030", "--name-field", "事项")


def test_a_file_without_rows_or_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no rows"):
        load(file_of(tmp_path, HEAD))
    with pytest.raises(CommandError, match="the file is empty"):
        load(file_of(tmp_path, ""))
    with pytest.raises(CommandError, match="No such file"):
        load(tmp_path / "none.csv")
