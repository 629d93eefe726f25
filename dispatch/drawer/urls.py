"""Addresses of the drawer and of the sheet."""

from django.urls import path

from dispatch.drawer import views

urlpatterns = [
    path("queue/drawer/<str:case_no>", views.drawer, name="queue_drawer"),
    path("queue/drawer/<str:case_no>/twins", views.twins, name="case_twins"),
    path("queue/drawer/<str:case_no>/beside/<str:other_no>", views.beside, name="case_beside"),
    path("cases/<str:case_no>/", views.sheet, name="case_sheet"),
]
