"""Why a move is refused; each carries a stable code and a text for people."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from ui.words import word


class MoveError(Exception):
    """A move was refused."""

    code = "MOVE_REFUSED"
    message: object = _("操作未被接受。")

    def __init__(
        self, message: object = "", *, code: str = "", fields: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(str(message or self.message))
        self.message = message or self.message
        self.code = code or self.code
        self.fields = fields or {}


class CaseNotFoundError(MoveError):
    """No such case, or not for this user: the answer is the same (404)."""

    code = "NOT_FOUND"
    message = _("没有这个案件，或无权查看。")


class NotAllowedError(MoveError):
    """The user's posts do not give this move here (403)."""

    code = "NOT_ALLOWED"
    message = _("您的岗位不能进行此操作。")


class StaleVersionError(MoveError):
    """Somebody was first (409)."""

    code = "STALE_VERSION"

    def __init__(self, *, who: str, topic: str, at: datetime, version: int) -> None:
        super().__init__(
            _("案件已被更新：%(who)s（%(topic)s）。请刷新后再试。")
            % {"who": who, "topic": word(topic, "topic")}
        )
        self.who, self.topic, self.at, self.version = who, topic, at, version


class RuleError(MoveError):
    """A rule of the lifecycle refuses (422)."""
