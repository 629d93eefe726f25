"""`python -m tests.template`: migrate one empty database, which the tests' databases then copy.

ops/test.py runs it once, so that no worker of pytest-xdist migrates for itself; TEST_TEMPLATE
tells pytest its name. Without it (plain pytest) each worker migrates its own database.
"""

import os

import django
from django.db import connection

VARIABLE = "TEST_TEMPLATE"


def make_template() -> None:
    """Make the database anew under the name in TEST_TEMPLATE."""
    connection.settings_dict["TEST"]["NAME"] = os.environ[VARIABLE]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    connection.close()


def copy_from_template() -> None:
    """Let the tests' database be a copy, where a template was made."""
    name = os.environ.get(VARIABLE)
    if name:
        connection.settings_dict["TEST"].update(TEMPLATE=name, MIGRATE=False)


if __name__ == "__main__":
    django.setup()
    make_template()
