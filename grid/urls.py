"""Addresses of the grid's pages."""

from django.urls import path

from grid import views

urlpatterns = [path("m/", views.phone, name="phone")]
