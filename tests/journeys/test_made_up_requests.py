"""Requests made up from our own OpenAPI document: whatever comes, the answer is never a 500."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.stack import Stack

EXAMPLES = 12
SIGNING_IN = "auth/token"
"""Left out: made-up passwords would lock the people of the other journeys."""
PATIENCE_S = 400
"""A minute of pure work on two free cores; how fast it goes is no matter here."""


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("username", ["operator1", "leader1"])
def test_no_made_up_request_is_answered_with_a_500(
    stack: Stack, username: str, tmp_path: Path
) -> None:
    """Schemathesis walks every operation; the seed is fixed so that CI means what it says."""
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "schemathesis"), "run"),
            f"http://127.0.0.1:{stack.port}/api/v1/openapi.json",
            *("--header", f"Authorization: Bearer {stack.tokens[username]}"),
            *("--exclude-path-regex", SIGNING_IN, "--checks", "not_a_server_error"),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--phases", "fuzzing"),
            *("--no-color", "--continue-on-failure", "--warnings", "off"),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
