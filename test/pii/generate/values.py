"""Values of PyPI's Faker for the PII corpus, as JSON on stdout: `python values.py SEED`.

Run with Faker 40.54 (any recent version serves; the committed fixtures are what the tests read).
"""

import json
import sys
from datetime import datetime

from faker import Faker

PHONE_LOCALES = [
    "en_US", "en_GB", "de_DE", "fr_FR", "it_IT", "es_ES", "nl_NL", "pl_PL", "sv_SE", "pt_BR", "ja_JP", "en_IN",
    "en_AU", "ru_RU", "da_DK", "fi_FI", "cs_CZ", "tr_TR", "zh_CN", "ko_KR", "no_NO", "de_CH", "de_AT", "fr_CH",
    "en_CA", "pt_PT", "es_MX",
]
IBAN_LOCALES = ["en_GB", "de_DE", "fr_FR", "it_IT", "es_ES", "nl_NL", "pl_PL", "fi_FI", "da_DK", "de_AT", "de_CH", "pt_PT", "no_NO", "tr_TR"]
CARD_TYPES = ["visa16", "mastercard", "amex", "discover", "jcb16", "diners", "maestro"]


# Dates are drawn up to this one, not up to the day of the run.
END = datetime(2026, 11, 1)


def main(seed: int) -> None:
    values: dict[str, list[str]] = {}

    def add(kind: str, value: object) -> None:
        values.setdefault(kind, []).append(str(value))

    for locale in PHONE_LOCALES:
        fake = Faker(locale)
        fake.seed_instance(seed)
        for _ in range(6):
            add("phone", fake.phone_number())
    for locale in IBAN_LOCALES:
        fake = Faker(locale)
        fake.seed_instance(seed + 1)
        for index in range(3):
            iban = fake.iban()
            add("iban", " ".join(iban[i : i + 4] for i in range(0, len(iban), 4)) if index == 0 else iban)
    fake = Faker("en_US")
    fake.seed_instance(seed + 2)
    for card_type in CARD_TYPES:
        for _ in range(6):
            add("card", fake.credit_card_number(card_type))
    for _ in range(60):
        add("us_ssn", fake.ssn())
    for _ in range(25):
        add("ip", fake.ipv4_public())
        add("ip", fake.ipv6())
    for locale in ["en_US", "de_DE", "fr_FR", "pl_PL", "es_MX"]:
        local = Faker(locale)
        local.seed_instance(seed + 3)
        for _ in range(6):
            add("email", local.email())
            add("email", local.company_email())
    for _ in range(8):
        add("none:private_ip", fake.ipv4_private())
        add("none:mac", fake.mac_address())
        add("none:md5", fake.md5())
        add("none:sha1", fake.sha1())
        add("none:sha256", fake.sha256())
        add("none:uuid", fake.uuid4())
        add("none:isbn13", fake.isbn13())
        add("none:isbn10", fake.isbn10())
        add("none:ean", fake.ean13())
        add("none:ean8", fake.ean8())
        add("none:upc", fake.upc_a())
        add("none:itin_like_zip", fake.zipcode_plus4())
        add("none:ein", fake.ein())
        add("none:bban", fake.bban())
        add("none:swift", fake.swift11())
        add("none:vin", fake.vin())
        add("none:user_agent", fake.chrome())
        add("none:user_agent", fake.firefox())
        add("none:unix_time", int(fake.unix_time(end_datetime=END)))
        add("none:iso_time", fake.iso8601(end_datetime=END))
        add("none:date_time", fake.date_time(end_datetime=END).strftime("%d/%m/%Y %H:%M:%S"))
        add("none:date", fake.date(end_datetime=END))
        add("none:date", fake.date(pattern="%d.%m.%Y", end_datetime=END))
        add("none:date", fake.date(pattern="%m-%d-%Y", end_datetime=END))
        add("none:coordinate", f"{fake.latitude()}, {fake.longitude()}")
        add("none:decimal", fake.pydecimal(left_digits=9, right_digits=4, positive=True))
        add("none:price", fake.pricetag())
        add("none:tracking", fake.bothify("1Z###??#0#########", letters="ABCDEFGHJKLMNPRSTUVWXYZ"))
        add("none:tracking", fake.numerify("9400 1### #### #### #### ##"))
        add("none:order", fake.numerify("###-#######-#######"))
        add("none:order", fake.numerify("SO-2026-########"))
        add("none:order", fake.numerify("#########"))
        add("none:hostname", fake.hostname())
        add("none:url", fake.uri())
        add("none:port_range", f"{fake.port_number()}-{fake.port_number()}")
        add("none:address", fake.address().replace("\n", ", "))
    json.dump(values, sys.stdout, ensure_ascii=False)


main(int(sys.argv[1]))
