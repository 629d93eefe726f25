"""The addresses of the duty lists' page and of the page of absences and deputies."""

from django.urls import path

from dispatch.duties import views

urlpatterns = [
    path("duties/", views.duties, name="duties"),
    path("absences/", views.standing_in_page, name="absences"),
]
