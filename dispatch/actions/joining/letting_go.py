"""What a case gives back before it is made void (domain.md 4.3, rules 2 and 5; 7.2, T40).

A merged case was another thing on the ground until somebody joined it, and its citizens were
promised a reply of their own: they do not go under with a primary that was a test or a mistake.
"""

from dispatch.models import Intake, Merge


def held_by(case_no: str) -> list[str]:
    """The numbers of the merged cases whose voices lie with this one, the last merged first."""
    merges = Merge.objects.filter(primary__case_no=case_no, undone_at__isnull=True)
    rows = merges.order_by("-at", "-pk").values_list("merged__case_no", "intakes")
    here = set(Intake.objects.filter(case__case_no=case_no).values_list("pk", flat=True))
    return [number for number, voices in rows if not here.isdisjoint(voices)]
