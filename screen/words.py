"""Words that the wall's scripts need for codes: topics, states, steps, rates."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ui import words
from ui.templatetags.ui import STATES

STEPS: Final = {
    "COLLECT": _("采集"),
    "ACCEPT": _("受理"),
    "DISPATCH": _("派遣"),
    "HANDLE": _("处置"),
    "CHECK": _("核查"),
    "EVALUATE": _("评价"),
}
RATES: Final = {
    "CLOSED_IN_TIME": _("按期办结率"),
    "SIGNED_IN_TIME": _("签收及时率"),
    "CONTENT": _("群众满意率"),
    "SOLVED_ONCE": _("一次解决率"),
}


def for_scripts() -> dict[str, dict[str, str]]:
    """The words by book and code, in the language of the request."""
    books: dict[str, dict[str, str | Promise]] = {
        "topic": dict(words.TOPICS),
        "state": dict(STATES),
    }
    return {name: {code: str(text) for code, text in book.items()} for name, book in books.items()}
