"""Addresses of the queue's page: its list, rows, counters and map."""

from django.urls import path

from dispatch.queue import views

urlpatterns = [
    path("queue/", views.queue, name="queue"),
    path("queue/rows", views.rows, name="queue_rows"),
    path("queue/counters", views.counters, name="queue_counters"),
    path("queue/clusters", views.clusters, name="queue_clusters"),
]
