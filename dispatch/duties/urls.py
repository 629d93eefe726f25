"""The address of the duty lists' page."""

from django.urls import path

from dispatch.duties import views

urlpatterns = [path("duties/", views.duties, name="duties")]
