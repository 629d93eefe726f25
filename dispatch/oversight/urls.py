"""Addresses of the alarms' page."""

from django.urls import path

from dispatch.oversight import views

urlpatterns = [path("alarms/", views.alarms_page, name="alarms")]
