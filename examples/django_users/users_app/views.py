from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from users_app.models import User


def user_detail(request, pk):
    user = get_object_or_404(User, pk=pk)
    return JsonResponse({"username": user.username, "biography": user.profile.biography})
