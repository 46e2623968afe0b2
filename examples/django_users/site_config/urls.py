from django.urls import path

from users_app import views

urlpatterns = [path("users/<int:pk>/", views.user_detail, name="user-detail")]
