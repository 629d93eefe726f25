"""Addresses of signing in and out."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.sign_in_page, name="login"),
    path("logout/", views.sign_out, name="logout"),
]
