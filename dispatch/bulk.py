"""The one door for many voices at once: the same checks, rows, events and receipts as `submit`.

A batch is one transaction. Its places are locked and looked up in one round trip, voices of the
batch see each other in their order, and new cases are written by COPY. Voices that join a case
are rare and go the single way, inside the same transaction.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import User
from dispatch import intake, matching, numbers, outbox
from dispatch.actions import copying, registering
from dispatch.actions.copying import Written
from dispatch.actions.joining import attaching
from dispatch.actions.registering import Prepared
from dispatch.catalogue import UnknownCategoryError
from dispatch.duplicates import radar
from dispatch.duplicates.joining import joining
from dispatch.duplicates.radar import Candidate, Probe
from dispatch.duplicates.radar_many import look_many
from dispatch.intake import KeyReusedError
from dispatch.models import Case
from dispatch.voices import IntakeError, NewIntake, Receipt

BATCH = 1000
TRIES = 5
DEADLOCK = "40P01"
TAKEN = frozenset(
    {
        "dispatch_intake_arrives_once",
        "dispatch_intake_intake_no_key",
        "dispatch_case_case_no_key",
    }
)
"""Somebody was first with a natural key, or the numbers ran round: look again, number anew."""

Voice = tuple[NewIntake, datetime]
Answer = Receipt | IntakeError


def submit_many(voices: Sequence[Voice], *, by: User | None) -> list[Answer]:
    """Take many voices in, each with its own `now`; the answers stand in the same order.

    What `submit` would raise for a voice is its answer here, and spoils no other. Voices of
    BATCH at a time are one transaction.
    """
    answers: list[Answer] = []
    for start in range(0, len(voices), BATCH):
        answers += take_in(make_ready(voices[start : start + BATCH], by=by))
    return answers


@dataclass(frozen=True, slots=True)
class ReadyVoices:
    """Voices that were checked, located and completed: their rows, or why they are refused.

    `written` are the same rows as text, of those that are not refused, by their place.
    """

    voices: Sequence[Voice]
    by: User | None
    prepared: Sequence[Prepared | IntakeError]
    written: Mapping[int, Written]


def make_ready(voices: Sequence[Voice], *, by: User | None) -> ReadyVoices:
    """The first half of the door, which writes nothing: another thread may do it beforehand."""
    prepared: list[Prepared | IntakeError] = []
    for (new, now), seq in zip(voices, numbers.take(len(voices)), strict=True):
        try:
            prepared.append(intake.prepare(new, by=by, now=now, seq=seq))
        except (IntakeError, UnknownCategoryError) as error:
            prepared.append(_refusal(error))
    rows = {
        n: copying.write_out(one)
        for n, one in enumerate(prepared)
        if not isinstance(one, IntakeError)
    }
    return ReadyVoices(voices, by, prepared, rows)


def take_in(ready: ReadyVoices) -> list[Answer]:
    """The second half: match and write, all in one transaction."""
    if not ready.voices:
        return []
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                answers = _Batch(ready).take_in()
                outbox.ring_relay()
                return answers
        except DatabaseError as error:
            if not _can_pass(error):
                raise
        numbers.forget()
        ready = make_ready(ready.voices, by=ready.by)
    return [submit_or_refuse(new, by=ready.by, now=now) for new, now in ready.voices]


def _can_pass(error: DatabaseError) -> bool:
    """True when the batch may succeed if it looks again: a live voice was quicker."""
    cause = error.__cause__
    if isinstance(error, IntegrityError):
        return getattr(getattr(cause, "diag", None), "constraint_name", None) in TAKEN
    return getattr(cause, "pgcode", None) == DEADLOCK


def submit_or_refuse(new: NewIntake, *, by: User | None, now: datetime) -> Answer:
    """`submit` for one voice, with a refusal as the answer."""
    try:
        return intake.submit(new, by=by, now=now)
    except (IntakeError, UnknownCategoryError, KeyReusedError) as error:
        return _refusal(error)


def _refusal(error: IntakeError | UnknownCategoryError | KeyReusedError) -> IntakeError:
    """A refusal in the one form of this door."""
    if isinstance(error, IntakeError):
        return error
    path = "category" if isinstance(error, UnknownCategoryError) else "source"
    return IntakeError(error.code, path, error.message)


class _Batch:
    """The voices of one transaction, answered one after the other."""

    def __init__(self, ready: ReadyVoices) -> None:
        self.voices, self.by, self.prepared = ready.voices, ready.by, ready.prepared
        self.written = ready.written
        self.neighbours = _look_around(self.prepared)
        self.first = first_receipts([new.source for new, _ in self.voices if new.source[1]])
        self.fresh = _FreshCases()
        self.waiting: list[tuple[Written, NewIntake, dict[str, Any]]] = []
        self._lock_cases_to_join()

    def take_in(self) -> list[Answer]:
        """The answers in order; all rows are written."""
        answers = [self._answer(n) for n in range(len(self.voices))]
        self._write()
        return answers

    def _answer(self, n: int) -> Answer:
        prepared, (new, now) = self.prepared[n], self.voices[n]
        if isinstance(prepared, IntakeError):
            return prepared
        if first := self.first.get(new.source):
            return _again(new, *first)
        if new.attach_to_case:
            return self._attach(prepared, new, case_no=new.attach_to_case, by=self.by, now=now)
        hits = self._hits(prepared.probe, self.neighbours.get(n, [])) if prepared.probe else []
        twin, because = joining(hits, prepared, new)
        if twin:
            answer = self._attach(prepared, new, case_no=twin, by=None, now=now, because=because)
            if not isinstance(answer, IntakeError) or answer.code not in intake.CANNOT_JOIN:
                return answer
        return self._register(self.written[n], new, intake.told(self.by, hits))

    def _hits(self, probe: Probe, stored: list[Candidate]) -> list[radar.Hit]:
        near = self.fresh.near(probe) + [one for one in stored if one.way == radar.AT_PLACE]
        if len(near) > radar.CANDIDATES:
            near.sort(key=attrgetter("created_at"), reverse=True)
            del near[radar.CANDIDATES :]
        named = [one for one in stored if one.way != radar.AT_PLACE]
        candidates = [*near, *named, *self.fresh.named(probe), *radar.incidents(probe)]
        return radar.best(probe, candidates)[: radar.IN_RECEIPT]

    def _register(
        self, written: Written, new: NewIntake, duplicates: list[dict[str, Any]]
    ) -> Receipt:
        body = intake.receipt_of(written.prepared, duplicates)
        self.waiting.append((written, new, body))
        self.fresh.add(written.prepared)
        return self._remember(new, Receipt(body, is_first=True))

    def _attach(
        self,
        prepared: Prepared,
        new: NewIntake,
        *,
        case_no: str,
        by: User | None,
        now: datetime,
        because: dict[str, Any] | None = None,
    ) -> Answer:
        self._write()
        try:
            receipt = attaching.attach(
                prepared, case_no=case_no, new=new, by=by, now=now, because=because
            )
        except IntakeError as error:
            return error
        return self._remember(new, receipt)

    def _remember(self, new: NewIntake, receipt: Receipt) -> Receipt:
        if new.source[1]:
            self.first[new.source] = (receipt.body, new.digest)
        return receipt

    def _write(self) -> None:
        """Write the cases that wait: a voice that joins one must find it in the database."""
        if not self.waiting:
            return
        rows = [(written, body) for written, _, body in self.waiting]
        for ids, (_, new, _) in zip(copying.register_many(rows), self.waiting, strict=True):
            registering.link_attachments(ids, new.attachments, by=self.by, role="BEFORE")
        self.waiting.clear()

    def _lock_cases_to_join(self) -> None:
        """Lock the cases that voices may join, in one order, as two imports may join the same."""
        numbers_of_cases = {new.attach_to_case for new, _ in self.voices if new.attach_to_case}
        for n, candidates in self.neighbours.items():
            one = self.prepared[n]
            probe = None if isinstance(one, IntakeError) else one.probe
            numbers_of_cases |= _may_be_joined(probe, candidates)
        if numbers_of_cases:
            cases = Case.objects.select_for_update().filter(case_no__in=numbers_of_cases)
            list(cases.order_by("pk").values_list("pk"))


def _may_be_joined(probe: Probe | None, candidates: Sequence[Candidate]) -> set[str]:
    """The cases that a voice may join by itself, by component, device or an automatic rule."""
    if probe is None:
        return set()
    things = {key for key in probe.keys if key.startswith(matching.THINGS)}
    every = probe.rule.auto_merge
    return {one.case_no for one in candidates if every or things & set(one.keys)}


def _is_in_reach(probe: Probe, one: Candidate) -> bool:
    """True where a name means the same road or estate."""
    places = probe.districts
    return one.family == probe.family and (not places or one.district in places)


class _FreshCases:
    """The cases that this batch makes, by square, key and caller, as the radar would see them."""

    def __init__(self) -> None:
        self.cases: dict[tuple[str, int, int], list[Candidate]] = defaultdict(list)
        self.of_key: dict[str, list[Candidate]] = defaultdict(list)
        self.of_caller: dict[str, list[Candidate]] = defaultdict(list)

    def add(self, prepared: Prepared) -> None:
        """A case that the next voices may be about."""
        probe, case = prepared.probe, prepared.case
        if probe is None:
            return
        candidate = Candidate(
            prepared.case_no, case["line"], case["state"], case["title"], probe.category,
            probe.at, probe.accuracy_m, probe.component_id, probe.lon, probe.lat, probe.family,
            sorted(probe.keys), True, None, case["district_code"], case["sensitive"],
        )  # fmt: skip
        if probe.lon is not None and probe.lat is not None:
            ((column, row),) = radar.squares(probe.lon, probe.lat, probe.lon, probe.lat)
            self.cases[probe.family, column, row].append(candidate)
        for key in probe.keys:
            self.of_key[key].append(candidate._replace(way=radar.BY_KEY))
        for caller in probe.callers:
            self.of_caller[caller].append(candidate._replace(way=radar.CALLER))

    def near(self, probe: Probe) -> list[Candidate]:
        """Those in the envelope of a probe, the last ones first."""
        box = radar.envelope(probe, probe.rule.radius_m)
        if box is None:
            return []
        west, south, east, north = box
        return [
            one
            for column, row in radar.squares(west, south, east, north)
            for one in reversed(self.cases.get((probe.family, column, row), ()))
            if one.lon is not None and west <= one.lon <= east
            if one.lat is not None and south <= one.lat <= north
        ]

    def named(self, probe: Probe) -> list[Candidate]:
        """Those that name the same, and those of the same caller, the last ones first."""
        keyed = [
            one
            for key in sorted(probe.keys)
            for one in reversed(self.of_key[key][-radar.CANDIDATES :])
            if key.startswith(matching.STRONG) or _is_in_reach(probe, one)
        ]
        called = [
            one
            for caller in probe.callers
            for one in reversed(self.of_caller[caller][-radar.CANDIDATES :])
        ]
        return keyed + called


def _look_around(prepared: Sequence[Prepared | IntakeError]) -> dict[int, list[Candidate]]:
    """The open cases that each voice may be about, by the voice's position; locks there."""
    probes = {
        n: one.probe
        for n, one in enumerate(prepared)
        if not isinstance(one, IntakeError) and one.probe
    }
    return dict(zip(probes, look_many(list(probes.values())), strict=True))


_FIRST = """
SELECT source_system, source_id, receipt, request_digest
FROM unnest(%s::text[], %s::text[]) AS k(system, id)
JOIN dispatch_intake ON source_system = k.system AND source_id = k.id AND source_id <> ''
"""


def first_receipts(
    sources: Sequence[tuple[str, str]],
) -> dict[tuple[str, str], tuple[dict[str, Any], str]]:
    """The receipt and digest of the first arrival under each natural key that is known."""
    if not sources:
        return {}
    systems, keys = (list(part) for part in zip(*sources, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [systems, keys])
        return {
            (system, key): (json.loads(body) if body else {}, digest)
            for system, key, body, digest in cursor.fetchall()
        }


def _again(new: NewIntake, body: dict[str, Any], digest: str) -> Answer:
    if digest and new.digest and digest != new.digest:
        return _refusal(KeyReusedError())
    return Receipt(body, is_first=False)
