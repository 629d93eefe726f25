"""Words that the wall's scripts need for codes: topics and states."""

from django.utils.functional import Promise

from ui import words
from ui.templatetags.ui import STATES


def for_scripts() -> dict[str, dict[str, str]]:
    """The words by book and code, in the language of the request."""
    books: dict[str, dict[str, str | Promise]] = {
        "topic": dict(words.TOPICS),
        "state": dict(STATES),
    }
    return {name: {code: str(text) for code, text in book.items()} for name, book in books.items()}
