"""Makes so many people with a TOTP device each, and prints their devices' keys as JSON."""

import json
import sys

import django
from django.core.management import call_command


def main(count: int) -> None:
    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415  models need the set-up
    from django_otp.plugins.otp_totp.models import TOTPDevice  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    people = User.objects.bulk_create(User(username=f"person-{number}") for number in range(count))
    devices = TOTPDevice.objects.bulk_create(TOTPDevice(user=person, name="fob") for person in people)
    print(json.dumps({device.user.username: device.key for device in devices}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
