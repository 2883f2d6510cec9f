"""The way into the admin: a password, then a code; a newcomer sets up the second factor on the way."""

import pytest
from django.test import Client

from tests.accounts.codes import CODE

pytestmark = pytest.mark.django_db


def test_two_steps(client):
    user = member()
    a = type_password(client)
    assert (a.status_code, a["Location"]) == (302, CODE), a.content
    assert client.get("/admin/").status_code == 302
    p = client.get(CODE)
    assert p.status_code == 200
    b = type_code(client, phone_shows(key_of(user)))
    assert (b.status_code, b["Location"]) == (302, "/admin/"), b.content.decode()
    assert client.get("/admin/").status_code == 200


def test_enrol(client):
    user = member(has_factor=False)
    a = type_password(client)
    assert a["Location"] == ENROL
    p = client.get(ENROL)
    key = shown_key(p)
    r = client.post(ENROL, {"code": phone_shows(key)})
    assert r["Location"] == KEEP
    k = client.get(KEEP)
    codes = re.findall("<code>([a-z0-9-]+)</code>", k.content.decode())
    assert len(codes) == 10
    f = client.get(KEEP[:-1] + ".txt")
    print(f.content.decode())
    d = client.post(KEEP, {"kept": "on"})
    assert d["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    print(client.get("/admin/second-factor/").status_code)
    c = Client()
    type_password(c)
    x = type_code(c, codes[0].upper())
    assert x["Location"] == "/admin/"
    c = Client()
    type_password(c)
    x = type_code(c, codes[0])
    assert x.status_code == 200
