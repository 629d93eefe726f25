"""Flows, how far they reach, and readings of the due index."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='FlowHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('district', models.CharField(max_length=6, unique=True)),
                ('seq', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Flow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('district', models.CharField(max_length=6)),
                ('bucket', models.DateTimeField()),
                ('line', models.CharField(max_length=8)),
                ('category', models.CharField(max_length=12)),
                ('from_state', models.CharField(blank=True, max_length=16)),
                ('to_state', models.CharField(max_length=16)),
                ('count', models.PositiveIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('district', 'bucket', 'line', 'category', 'from_state', 'to_state'), name='screen_flow_one_row_each'), models.CheckConstraint(condition=models.Q(('from_state', models.F('to_state')), _negated=True), name='screen_flow_goes_somewhere')],
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('district', models.CharField(max_length=6)),
                ('at', models.DateTimeField()),
                ('overdue', models.PositiveIntegerField()),
                ('due_soon', models.PositiveIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('district', 'at'), name='screen_reading_one_per_moment')],
            },
        ),
    ]
