"""The drawer and the sheet of a case: what they show, to whom, and what they never show."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from PIL import ExifTags, Image

from accounts import identity
from dispatch.actions.checking import record_callback
from dispatch.actions.moving import make_move
from dispatch.casefile import case_for
from dispatch.drawer.sights import gallery_of
from dispatch.drawer.voices import voices_of
from dispatch.models import Attachment, Case, Intake
from dispatch.voices import Caller, Position
from hotline.actions import Call, log_call
from tests.app.test_disputes import processing
from tests.app.test_supervision import to_the_callback
from tests.city import NOW, City
from tests.client import Api, call

HERE, THERE = (119.6001, 29.9001), (119.6001, 29.9010)


def log(city: City, phone: str = "13800138000", **changes: Any) -> str:
    """The number of a case about litter at a fixed place."""
    fields: dict[str, Any] = {
        "kind": "COMPLAINT", "title": "垃圾散落一地", "content": "春晓社区门口垃圾散落",
        "category": "E0104", "occurred_at": NOW, "position": Position(*HERE, "WGS84", 5),
        "caller": Caller(phone=phone, name="王小明"), **changes,
    }  # fmt: skip
    body = log_call(Call(**fields), by=city["operator1"], now=NOW).body
    return str(body["case_no"])


def move(city: City, who: str, case_no: str, name: str, minutes: int = 5, **data: Any) -> Case:
    """Make a move at the version that the case has."""
    version = Case.objects.get(case_no=case_no).version
    return make_move(
        case_no=case_no, move=name, version=version, data=data, by=city[who],
        now=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def page(city: City, who: str, path: str) -> str:
    """A page or fragment as a person sees it."""
    client = Client()
    client.force_login(city[who])
    answer = client.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def drawer(city: City, who: str, case_no: str) -> str:
    """The drawer of a case."""
    return page(city, who, f"/queue/drawer/{case_no}")


def test_the_drawer_masks_the_caller_and_says_what_was_promised(city: City) -> None:
    html = drawer(city, "leader1", log(city))
    assert "138****8000" in html
    assert "13800138000" not in html
    assert "前答复" in html


def test_confidential_voices_among_others_are_only_counted_for_the_unit(city: City) -> None:
    case_no = log(city)
    Intake.objects.filter(case__case_no=case_no).update(confidential=True, content="我是举报人")
    case = Case.objects.get(case_no=case_no)
    first = Intake.objects.get(case=case)
    Intake.objects.create(
        case=case, intake_no="X1", query_code="000000", line="HOTLINE", channel="PHONE",
        kind="COMPLAINT", category_code="E0104", title="另一件", content="公开的一件",
        occurred_at=NOW, received_at=first.received_at,
    )  # fmt: skip
    for name, who in (("accept", "receiver1"), ("file", "leader1"), ("dispatch", "dispatcher1")):
        move(city, who, case_no, name)
    unit, leader = drawer(city, "approver1", case_no), drawer(city, "leader1", case_no)
    assert "另有 1 名保密反映人" in unit
    assert "我是举报人" not in unit
    assert "公开的一件" in unit
    assert "我是举报人" in leader


def test_blocked_moves_say_why_in_words_beside_a_disabled_button(city: City) -> None:
    case_no = log(city)
    for name, who in (("accept", "receiver1"), ("file", "leader1"), ("dispatch", "dispatcher1")):
        move(city, who, case_no, name)
    Case.objects.filter(case_no=case_no).update(no_return=True)
    html = drawer(city, "approver1", case_no)
    assert 'data-blocked="request_return"' in html
    assert "经裁定指定承办的案件不得再退单" in html


def test_the_suggested_unit_is_one_key_away_with_its_reason(city: City) -> None:
    case_no = log(city)
    move(city, "receiver1", case_no, "accept")
    move(city, "leader1", case_no, "file")
    html = drawer(city, "dispatcher1", case_no)
    assert "派遣至 云中区环卫所" in html
    assert "data-at-once" in html
    assert "A-E01" in html


def test_the_trace_of_routing_names_the_item_and_the_dispatcher(city: City) -> None:
    case_no = log(city)
    for name, who in (("accept", "receiver1"), ("file", "leader1"), ("dispatch", "dispatcher1")):
        move(city, who, case_no, name)
    html = drawer(city, "handler1", case_no)
    trace = html[html.index("why-routed") : html.index("</details>")]
    assert "云中区环卫所" in trace
    assert "A-E01" in trace
    assert "dispatcher1" in trace


def test_duplicates_are_listed_with_score_distance_and_reasons(city: City) -> None:
    first, second = log(city), log(city, phone="13800138001")
    html = page(city, "leader1", f"/queue/drawer/{second}/twins")
    assert f'data-twin="{first}"' in html
    assert f'data-merge="{first}"' in html
    assert "米" in html
    assert "%" in html


def test_who_may_not_merge_reads_why(city: City) -> None:
    first, second = log(city), log(city, phone="13800138001")
    html = page(city, "dispatcher1", f"/queue/drawer/{second}/twins")
    assert f'data-merge="{first}"' not in html
    assert "并案由值班长办理" in html


def test_two_cases_stand_side_by_side_with_what_is_the_same(city: City) -> None:
    first, second = log(city), log(city, phone="13800138001")
    html = page(city, "leader1", f"/queue/drawer/{second}/beside/{first}")
    assert html.count("<section") == 2
    assert "is-same" in html
    assert "相距 0 米" in html
    assert "13800138001" not in html


def test_a_merge_can_be_undone_from_the_primary(city: City) -> None:
    first, second = log(city), log(city, phone="13800138001")
    move(city, "leader1", second, "merge", into=first, reason="同一处")
    html = drawer(city, "leader1", first)
    assert html.count(f'data-unmerge="{second}"') == 2
    assert f'data-open-case="{second}"' in html
    assert f'data-unmerge="{second}"' not in drawer(city, "dispatcher1", first)


def photo(taken: str, spot: tuple[float, float]) -> bytes:
    """A JPEG whose EXIF says when and where."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = "SERIAL-4711"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    for ref, tag, side, degrees in (
        (ExifTags.GPS.GPSLongitudeRef, ExifTags.GPS.GPSLongitude, "E", spot[0]),
        (ExifTags.GPS.GPSLatitudeRef, ExifTags.GPS.GPSLatitude, "N", spot[1]),
    ):
        minutes = (degrees - int(degrees)) * 60
        place[ref] = side
        place[tag] = (float(int(degrees)), float(int(minutes)), (minutes - int(minutes)) * 60)
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "grey").save(out, "JPEG", exif=exif)
    return out.getvalue()


def keep(city: City, who: str, raw: bytes, case: Case, role: str, minutes: int) -> Attachment:
    """Upload a photo and give it to a case."""
    from dispatch.attachments.images import store_image

    row = store_image(raw, by=city[who], now=NOW + timedelta(minutes=minutes))
    Attachment.objects.filter(pk=row.pk).update(case=case, role=role)
    return row


def pictures_of(case: Case) -> list[str]:
    """The ids of all photos of a case."""
    return [str(pk) for pk in Attachment.objects.filter(case=case).values_list("pk", flat=True)]


def test_before_and_after_say_their_distance_and_the_time_between_and_no_exif(city: City) -> None:
    case = Case.objects.get(case_no=log(city))
    keep(city, "handler1", photo("2026:03:02 08:00:00", HERE), case, "BEFORE", 10)
    keep(city, "handler1", photo("2026:03:02 09:30:00", THERE), case, "AFTER", 60)
    gallery = gallery_of(case.pk, pictures_of(case))
    assert gallery.metres == pytest.approx(100, abs=1)
    assert gallery.apart_s == 90 * 60
    html = drawer(city, "leader1", case.case_no)
    assert "两处相距 100 米" in html
    assert "1 小时 30 分" in html
    assert "SERIAL-4711" not in html
    assert str(THERE[1]) not in html


def test_broken_exif_is_no_place(city: City) -> None:
    case = Case.objects.get(case_no=log(city))
    row = keep(city, "handler1", photo("2026:03:02 08:00:00", HERE), case, "AFTER", 10)
    Attachment.objects.filter(pk=row.pk).update(exif=identity.seal(b"Exif\0\0broken".hex()))
    assert gallery_of(case.pk, pictures_of(case)).sights[0].spot is None


def test_a_call_back_is_counted_and_the_answer_shown(city: City) -> None:
    case_no = log(city)
    Case.objects.filter(case_no=case_no).update(state="PENDING_CALLBACK")
    number = Intake.objects.get(case__case_no=case_no).intake_no
    api = Api(city, "callback1")
    assert api.post(f"intakes/{number}/callbacks", {"solved": "UNREACHABLE"})[0] == 200
    assert "未接通 1/3 次" in drawer(city, "callback1", case_no)
    assert f'data-callback="{number}"' in drawer(city, "callback1", case_no)
    assert "data-callback" not in drawer(city, "dispatcher1", case_no)
    answer = {"solved": "YES", "satisfaction": "SATISFIED", "text": "好"}
    assert api.post(f"intakes/{number}/callbacks", answer)[0] == 200
    assert "已回访：已解决 · 满意" in drawer(city, "callback1", case_no)


def test_the_sheet_prints_routing_parties_voices_and_steps(city: City) -> None:
    case_no = log(city)
    for name, who in (("accept", "receiver1"), ("file", "leader1"), ("dispatch", "dispatcher1")):
        move(city, who, case_no, name)
    html = page(city, "leader1", f"/cases/{case_no}/")
    for words in (case_no, "派单依据", "A-E01", "各方用时", "138****8000", "受理", "派遣"):
        assert words in html


def test_no_inline_script_and_no_inline_style_but_custom_properties(city: City) -> None:
    html = drawer(city, "leader1", log(city))
    assert "<script" not in html
    assert " onclick" not in html
    styles = [part.split('"', 1)[0] for part in html.split('style="')[1:]]
    assert styles
    assert all(rule.startswith("--") for style in styles for rule in style.split(";"))


def test_the_drawer_asks_the_database_a_fixed_number_of_times(
    city: City, django_assert_max_num_queries: Any
) -> None:
    case_no = log(city)
    for n in range(4):
        Api(city, "operator1").post(
            "hotline/tickets",
            call(attach_to_case=case_no, caller={"phone": f"1390013900{n}", "name": "某"}),
        )
    client = Client()
    client.force_login(city["leader1"])
    client.get(f"/queue/drawer/{case_no}")
    with django_assert_max_num_queries(60):
        client.get(f"/queue/drawer/{case_no}")


def test_after_a_rework_the_drawer_asks_to_call_everybody_again(city: City) -> None:
    case = to_the_callback(city, processing(city))
    number = Intake.objects.get(case=case).intake_no
    callback = city["callback1"]
    record_callback(
        intake_no=number, solved="NO", satisfaction="DISSATISFIED", text="还是老样子",
        by=callback, now=NOW + timedelta(minutes=90),
    )  # fmt: skip
    assert voices_told(city, case, 91)["waiting_voices"] == 0
    move(city, "callback1", case.case_no, "rework", 95, reason="确未清理")
    assert voices_told(city, case, 96)["voices"][0]["answer"] is None
    to_the_callback(city, case, 200)

    told = voices_told(city, case, 230)

    assert told["waiting_voices"] == 1
    assert told["voices"][0]["may_call"]
    assert [one["solved"] for one in told["voices"][0]["tries"]] == ["NO"]


def voices_told(city: City, case: Case, minutes: float) -> dict[str, Any]:
    """What the drawer tells the one who calls back."""
    now = NOW + timedelta(minutes=minutes)
    return voices_of(case_for(city["callback1"], case.case_no, now=now), now=now)
