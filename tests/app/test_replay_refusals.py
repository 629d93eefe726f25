"""A replay that cannot run says what is wrong, where, and what to do; nothing is written then."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from dispatch.models import Intake
from tests.app.replay_files import MAPPING, record, replay, write_csv, write_mapping

pytestmark = pytest.mark.usefixtures("city")

WRONG = [
    (("old-town", ""), r"source: is needed"),
    (('title = "title"', 'titel = "title"'), r"columns\.titel: .*did you mean title"),
    (('title = "title"', 'title = "Title"'), r"no column 'Title'.*its columns are: no, opened"),
    (('title = "title"', "title = 3"), r"columns\.title: should be the name of a column"),
    (('title = "title"\n', ""), r"columns\.title: is missing"),
    (('id = "no"\n', ""), r"columns\.id: is missing"),
    (('lat = "lat"\n', ""), r"lon and lat belong together"),
    (('crs = "WGS84"', 'crs = "GPS"'), r"crs: 'GPS' is not known.*known: WGS84"),
    (("Asia/Shanghai", "Asia/Nowhere"), r"timezone: 'Asia/Nowhere' is no time zone"),
    (('"E0110"', '"E9999"'), r'values\.category\."hole": \'E9999\' is no category'),
    (('"COMPLAINT"', '"COMPLAIN"'), r"lines\.HOTLINE: 'COMPLAIN' is no kind"),
    (('"GRID"', '"GRIDS"'), r'line\.values\."walk": .*did you mean GRID'),
    (("[outcome]", "[outcomes]"), r"outcomes: .*did you mean outcome"),
    (('source = "old', 'source = old'), r"not TOML: "),
    (('[line]\ncolumn = "from"', "[line]"), r"line: needs column"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    """Checkpoints of a test lie in its own folder."""
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """The mapping of the made-up town."""
    return write_mapping(tmp_path / "town.toml")


def test_a_mapping_that_is_wrong_says_what_and_where(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(0)])
    for change, said in WRONG:
        wrong = write_mapping(tmp_path / "town.toml", MAPPING.replace(*change))
        with pytest.raises(CommandError, match=said):
            replay(file, wrong)
    assert not Intake.objects.exists()


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, mapping: Path) -> None:
    good = write_csv(tmp_path / "good.csv.gz", [record(n) for n in range(500)])
    files = {
        "none.csv": (None, "there is no such file"),
        "empty.csv": (b"", "the file is empty"),
        "blank.csv": (b"\n\n", "names no columns"),
        "head.csv": (b"no,opened,what,title,lon,lat,from,closed,late\n", "nothing to replay"),
        "sheet.xlsx": (b"PK", "unknown kind of file"),
        "bad.parquet": (b"PAR1 no", "not a Parquet file"),
        "cut.csv.gz": (good.read_bytes()[:-400], "after row"),
        "plain.csv.gz": (b"no,opened", "Not a gzipped file"),
        "gbk.csv": ("no,opened\n井盖,井盖\n".encode("gb18030"), "encoding = "),
    }
    for name, (content, said) in files.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CommandError, match=said):
            replay(path, mapping)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--where", "title"), "write COLUMN=VALUE"),
        (("--where", "nothing=1"), "no column 'nothing'"),
        (("--where", "title=nothing"), "none fits"),
        (("--limit", "0"), "more than 0"),
    ],
)
def test_options_that_lead_nowhere_are_refused(
    tmp_path: Path, mapping: Path, options: tuple[str, ...], said: str
) -> None:
    file = write_csv(tmp_path / "town.csv", [record(0)])
    with pytest.raises(CommandError, match=said):
        replay(file, mapping, *options)


def test_a_line_and_outcomes_must_come_from_somewhere(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "town.csv", [record(0)])
    bare = MAPPING.split("[line]", maxsplit=1)[0]
    mapping = write_mapping(tmp_path / "bare.toml", bare + '[values.category]\n"*" = "L9099"\n')
    with pytest.raises(CommandError, match="say --line"):
        replay(file, mapping)
    with pytest.raises(CommandError, match=r"needs closed under \[outcome\]"):
        replay(file, mapping, "--line", "grid", "--with-outcome")
    with pytest.raises(CommandError, match="cannot be read"):
        replay(file, tmp_path / "none.toml")
