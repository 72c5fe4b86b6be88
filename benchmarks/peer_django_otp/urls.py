"""The one view: whether a person's device takes a code."""

import json

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django_otp.plugins.otp_totp.models import TOTPDevice


def validate(request: HttpRequest) -> JsonResponse:
    question = json.loads(request.body)
    device = TOTPDevice.objects.get(user__username=question["serial"])
    return JsonResponse({"answer": "accepted" if device.verify_token(question["code"]) else "refused"})


urlpatterns = [path("v1/validate", validate)]
