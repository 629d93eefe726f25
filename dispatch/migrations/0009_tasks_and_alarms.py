"""Tasks of units below with clocks of their own, supervision threads, alarms."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WORK_OF_OLD_ASSIGNMENTS = """
UPDATE dispatch_assignment a
SET signed_at = coalesce(a.signed_at, a.contacted_at, a.submitted_at),
    state = CASE
      WHEN a.ended_at IS NOT NULL THEN CASE
        WHEN a.submitted_at IS NOT NULL THEN 'ACCEPTED'
        WHEN a.role = 'SUPPORT' THEN 'RECALLED' ELSE 'CANCELLED' END
      WHEN c.state IN ('RETURN_REVIEW', 'ARBITRATION') THEN 'RETURN_REQUESTED'
      WHEN a.submitted_at IS NOT NULL AND c.state = 'PENDING_CALLBACK' THEN 'ACCEPTED'
      WHEN a.submitted_at IS NOT NULL AND c.state = 'PROCESSING' THEN 'REWORK'
      WHEN a.submitted_at IS NOT NULL THEN 'SUBMITTED'
      WHEN a.contacted_at IS NOT NULL THEN 'CONTACTED'
      WHEN a.signed_at IS NOT NULL THEN 'SIGNED'
      ELSE 'PENDING_SIGN' END
FROM dispatch_case c WHERE c.id = a.case_id
"""
"""What is known of the work of assignments made before they had a state, from their times."""


class Migration(migrations.Migration):
    """Tasks of units below with clocks of their own, supervision threads, alarms."""

    dependencies = [
        ("accounts", "0006_displays"),
        ("dispatch", "0008_ladder"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: list[migrations.operations.base.Operation] = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('VOID_NEAR_DUE', '临期或超期作废'), ('REOPENED_SOON', '结案后短期重开'), ('BATCH_CLOSING', '短时批量结案'), ('LAST_HOUR_EXTENSIONS', '惯于最后一小时申请延期'), ('SUSPENDED_NEAR_DUE', '临期挂账'), ('QUICK_CHECK', '核查过快'), ('LONGER_CATEGORY', '改分类延长时限')], max_length=20)),
                ('event_id', models.BigIntegerField()),
                ('case_id', models.BigIntegerField()),
                ('case_no', models.CharField(max_length=24)),
                ('district', models.CharField(max_length=6)),
                ('area_code', models.CharField(max_length=15)),
                ('at', models.DateTimeField()),
                ('facts', models.JSONField(default=dict)),
                ('note', models.TextField(blank=True)),
                ('noted_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='AlarmThreshold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('VOID_NEAR_DUE', '临期或超期作废'), ('REOPENED_SOON', '结案后短期重开'), ('BATCH_CLOSING', '短时批量结案'), ('LAST_HOUR_EXTENSIONS', '惯于最后一小时申请延期'), ('SUSPENDED_NEAR_DUE', '临期挂账'), ('QUICK_CHECK', '核查过快'), ('LONGER_CATEGORY', '改分类延长时限')], max_length=20, unique=True)),
                ('seconds', models.PositiveIntegerField()),
                ('count', models.PositiveSmallIntegerField(default=1)),
            ],
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Supervision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('PHONE', '电话督办'), ('WRITTEN', '书面督办'), ('NOTICE', '工作提醒函'), ('LISTED', '挂牌督办'), ('INTERVIEW', '约谈督办')], max_length=9)),
                ('cause', models.CharField(choices=[('PERSON', '人工发起'), ('REWORKS', '多次返工'), ('TRANSFERS', '多次转派')], max_length=9)),
                ('level', models.CharField(choices=[('DISTRICT', '区级'), ('CITY', '市级')], max_length=8)),
                ('opened_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SupervisionMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('SUPERVISOR', '督办方'), ('UNIT', '承办单位'), ('SYSTEM', '系统')], max_length=10)),
                ('text', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Suspension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('SEASON', '季节原因'), ('ENGINEERING', '工程原因'), ('CONDITION', '条件不具备')], max_length=11)),
                ('plan', models.TextField()),
                ('asked_at', models.DateTimeField()),
                ('decision', models.CharField(choices=[('PENDING', '待批'), ('APPROVED', '同意'), ('REFUSED', '不同意')], default='PENDING', max_length=8)),
                ('decided_at', models.DateTimeField(null=True)),
                ('until', models.DateTimeField(null=True)),
                ('review_due_at', models.DateTimeField(null=True)),
                ('review_marked_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='timer',
            name='dispatch_timer_one_open_per_stage',
        ),
        migrations.RemoveConstraint(
            model_name='timer',
            name='dispatch_timer_stage_is_known',
        ),
        migrations.AddField(
            model_name='assignment',
            name='dispatched_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assignment',
            name='judged_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assignment',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='dispatch.assignment'),
        ),
        migrations.AddField(
            model_name='assignment',
            name='signed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assignment',
            name='state',
            field=models.CharField(choices=[('PENDING_SIGN', '待签收'), ('SIGNED', '已签收'), ('CONTACTED', '已联系'), ('IN_PROGRESS', '处置中'), ('SUBMITTED', '已反馈'), ('ACCEPTED', '已认可'), ('REWORK', '返工'), ('RETURN_REQUESTED', '申请退单'), ('RETURNED', '已退回'), ('REFUSED', '退单未准'), ('RECALLED', '已收回'), ('CANCELLED', '已终止')], db_default='PENDING_SIGN', default='PENDING_SIGN', max_length=16),
        ),
        migrations.AddField(
            model_name='assignment',
            name='submitted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assignment',
            name='task',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AddField(
            model_name='callback',
            name='approved_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='callback',
            name='approved_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='dispatched_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='is_late',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='ruling',
            name='legal_basis',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AddField(
            model_name='ruling',
            name='support',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit'),
        ),
        migrations.AddField(
            model_name='timer',
            name='assignment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='dispatch.assignment'),
        ),
        migrations.AlterField(
            model_name='assignment',
            name='role',
            field=models.CharField(choices=[('LEAD', '主办'), ('SUPPORT', '协办'), ('SUB', '下级承办')], max_length=7),
        ),
        migrations.AlterField(
            model_name='ruling',
            name='kind',
            field=models.CharField(choices=[('DESIGNATE', '指定主办'), ('JOINT', '主办加协办'), ('TERRITORIAL', '属地兜底'), ('RAISED', '提级市级'), ('OUT', '不予受理')], max_length=11),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(fields=['asked_at'], name='dispatch_returnrequest_by_day'),
        ),
        migrations.RunSQL(WORK_OF_OLD_ASSIGNMENTS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('case', 'unit'), name='dispatch_assignment_a_unit_has_one_part_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['PENDING_SIGN', 'SIGNED', 'CONTACTED', 'IN_PROGRESS', 'SUBMITTED', 'ACCEPTED', 'REWORK', 'RETURN_REQUESTED', 'RETURNED', 'REFUSED', 'RECALLED', 'CANCELLED'])), name='dispatch_assignment_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['LEAD', 'SUPPORT', 'SUB'])), name='dispatch_assignment_role_is_known'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('parent__isnull', False), ('role', 'LEAD'), _negated=True), models.Q(('parent__isnull', True), ('role', 'SUB'), _negated=True)), name='dispatch_assignment_a_lower_unit_has_a_parent'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), models.Q(('state__in', ['CANCELLED', 'RECALLED', 'RETURNED']), _negated=True)), models.Q(('ended_at__isnull', False), ('state__in', ['ACCEPTED', 'CANCELLED', 'RECALLED', 'RETURNED'])), _connector='OR'), name='dispatch_assignment_ended_says_what_the_state_says'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['ACCEPTED', 'CONTACTED', 'IN_PROGRESS', 'REWORK', 'SIGNED', 'SUBMITTED']), _negated=True), ('signed_at__isnull', False), _connector='OR'), name='dispatch_assignment_work_follows_a_signature'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['SUBMITTED', 'ACCEPTED']), _negated=True), ('submitted_at__isnull', False), _connector='OR'), name='dispatch_assignment_accepted_follows_a_result'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('judged_by__isnull', True), models.Q(models.Q(('signed_by__isnull', True), models.Q(('judged_by', models.F('signed_by')), _negated=True), _connector='OR'), models.Q(('submitted_by__isnull', True), models.Q(('judged_by', models.F('submitted_by')), _negated=True), _connector='OR')), _connector='OR'), name='dispatch_assignment_is_judged_by_another'),
        ),
        migrations.AddConstraint(
            model_name='callback',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), ('by__isnull', True), models.Q(('approved_by', models.F('by')), _negated=True), _connector='OR'), name='dispatch_callback_is_approved_by_another'),
        ),
        migrations.AddConstraint(
            model_name='ruling',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'JOINT'), ('support__isnull', False), models.Q(('support', models.F('unit')), _negated=True)), models.Q(models.Q(('kind', 'JOINT'), _negated=True), ('support__isnull', True)), _connector='OR'), name='dispatch_ruling_joint_names_a_support'),
        ),
        migrations.AddConstraint(
            model_name='timer',
            constraint=models.UniqueConstraint(condition=models.Q(('assignment__isnull', True), ('intake__isnull', True), ('state__in', ['RUNNING', 'PAUSED'])), fields=('case', 'stage'), name='dispatch_timer_one_open_per_stage'),
        ),
        migrations.AddConstraint(
            model_name='timer',
            constraint=models.UniqueConstraint(condition=models.Q(('assignment__isnull', False), ('state__in', ['RUNNING', 'PAUSED'])), fields=('assignment', 'stage'), name='dispatch_timer_one_open_per_task'),
        ),
        migrations.AddConstraint(
            model_name='timer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('assignment__isnull', False), ('stage', 'TASK')), models.Q(models.Q(('stage', 'TASK'), _negated=True), ('assignment__isnull', True)), _connector='OR'), name='dispatch_timer_of_a_task_names_it'),
        ),
        migrations.AddConstraint(
            model_name='timer',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['ACCEPT', 'VERIFY', 'FILE', 'DISPATCH', 'SIGN', 'RESPONSE', 'DISPOSAL', 'CHECK', 'REPLY', 'CALLBACK', 'RETURN_REVIEW', 'ARBITRATION', 'SUPERVISE', 'TASK', 'RECTIFY'])), name='dispatch_timer_stage_is_known'),
        ),
        migrations.AddField(
            model_name='alarm',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='alarm',
            name='noted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='alarmthreshold',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['VOID_NEAR_DUE', 'REOPENED_SOON', 'BATCH_CLOSING', 'LAST_HOUR_EXTENSIONS', 'SUSPENDED_NEAR_DUE', 'QUICK_CHECK', 'LONGER_CATEGORY'])), name='dispatch_alarmthreshold_kind_is_known'),
        ),
        migrations.AddField(
            model_name='statement',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='statement',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='dispatch.case'),
        ),
        migrations.AddField(
            model_name='statement',
            name='unit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit'),
        ),
        migrations.AddField(
            model_name='supervision',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='supervisions', to='dispatch.case'),
        ),
        migrations.AddField(
            model_name='supervision',
            name='ended_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='supervision',
            name='opened_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='supervisionmessage',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='supervisionmessage',
            name='supervision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='dispatch.supervision'),
        ),
        migrations.AddField(
            model_name='suspension',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suspension',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspensions', to='dispatch.case'),
        ),
        migrations.AddField(
            model_name='suspension',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(fields=['district', 'at', 'id'], name='dispatch_alarm_by_district'),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(fields=['actor', 'kind', 'at'], name='dispatch_alarm_by_actor'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.UniqueConstraint(fields=('kind', 'event_id'), name='dispatch_alarm_once_per_kind_and_event'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['VOID_NEAR_DUE', 'REOPENED_SOON', 'BATCH_CLOSING', 'LAST_HOUR_EXTENSIONS', 'SUSPENDED_NEAR_DUE', 'QUICK_CHECK', 'LONGER_CATEGORY'])), name='dispatch_alarm_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(('noted_by__isnull', True), ('actor__isnull', True), models.Q(('noted_by', models.F('actor')), _negated=True), _connector='OR'), name='dispatch_alarm_is_noted_by_another'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('note', ''), ('noted_at__isnull', True), ('noted_by__isnull', True)), models.Q(('noted_at__isnull', False), ('noted_by__isnull', False), models.Q(('note', ''), _negated=True)), _connector='OR'), name='dispatch_alarm_note_has_words_and_a_writer'),
        ),
        migrations.AddConstraint(
            model_name='supervision',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('case',), name='dispatch_supervision_one_open_per_case'),
        ),
        migrations.AddConstraint(
            model_name='supervision',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['PHONE', 'WRITTEN', 'NOTICE', 'LISTED', 'INTERVIEW'])), name='dispatch_supervision_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='supervision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cause', 'PERSON'), ('opened_by__isnull', False)), models.Q(('cause__in', ['REWORKS', 'TRANSFERS']), ('opened_by__isnull', True)), _connector='OR'), name='dispatch_supervision_is_opened_by_a_person_or_a_rule'),
        ),
        migrations.AddConstraint(
            model_name='supervision',
            constraint=models.CheckConstraint(condition=models.Q(('ended_by__isnull', True), ('ended_at__isnull', False), _connector='OR'), name='dispatch_supervision_ended_when_by_whom'),
        ),
        migrations.AddConstraint(
            model_name='supervisionmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('by__isnull', True), ('side', 'SYSTEM')), models.Q(('by__isnull', False), ('side__in', ['SUPERVISOR', 'UNIT'])), _connector='OR'), name='dispatch_supervisionmessage_has_a_speaker'),
        ),
        migrations.AddIndex(
            model_name='suspension',
            index=models.Index(condition=models.Q(('decision', 'APPROVED'), ('ended_at__isnull', True), ('review_marked_at__isnull', True)), fields=['review_due_at'], name='dispatch_suspension_to_review'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.UniqueConstraint(condition=models.Q(('decision__in', ['PENDING', 'APPROVED']), ('ended_at__isnull', True)), fields=('case',), name='dispatch_suspension_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.CheckConstraint(condition=models.Q(('cause__in', ['SEASON', 'ENGINEERING', 'CONDITION'])), name='dispatch_suspension_cause_is_known'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='dispatch_suspension_is_judged_by_another'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision', 'APPROVED'), _negated=True), models.Q(('review_due_at__isnull', False), ('until__isnull', False)), _connector='OR'), name='dispatch_suspension_approved_to_a_day'),
        ),
    ]
