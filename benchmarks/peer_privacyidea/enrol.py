"""Makes so many TOTP tokens, with a PIN where one is named, and prints their seeds as JSON."""

import json
import sys

from privacyidea.app import create_app
from privacyidea.lib.token import init_token


def main(count: int, pin: str | None) -> None:
    wanted = {"type": "totp", "genkey": True}
    if pin is not None:  # an empty one would be hashed, and compared with every code
        wanted["pin"] = pin
    seeds = {}
    with create_app(config_name="production", config_file="", silent=True).app_context():
        for _ in range(count):
            token = init_token(wanted).token
            seeds[token.serial] = token.get_otpkey().getKey().decode()
    print(json.dumps(seeds))


if __name__ == "__main__":
    main(int(sys.argv[1]), next(iter(sys.argv[2:]), None))
