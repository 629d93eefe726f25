"""Addresses of the hotline's pages."""

from django.urls import path

from hotline import views

urlpatterns = [path("desk/", views.desk, name="desk")]
