"""kill -9 at random moments under load: what was answered 2xx is there afterwards, and nothing is there by half.

SFCCI_KILLS=200 for a long run; the moments come from the number of each kill.
"""

import http.client
import json
import os
import random
import signal
import threading
import time

import pytest

KILLS = int(os.environ.get("SFCCI_KILLS", "8"))
CLIENTS = 4
BULK = 3
GROUPS, CHAINS = "port_pair_groups", "port_chains"


class Client:
    """One who asks again and again, and keeps account of what he was answered."""

    def __init__(self, number):
        self.number, self.dice, self.turn = number, random.Random(number), 0  # noqa: S311 - repeatable on purpose
        self.known = {GROUPS: {}, CHAINS: {}}
        """Collection → id → description, as last answered."""
        self.open = None
        """The request that was not answered: (method, collection, id, token)."""
        self.made = 0
        """How many resources it asked for."""
        self.answered = 0

    def ask_on(self, address):
        connection = http.client.HTTPConnection(address, timeout=60)
        try:
            while True:
                self.step(connection)
        except (OSError, http.client.HTTPException):
            connection.close()

    def step(self, connection):
        self.turn += 1
        token = f"{self.number}-{self.turn}"
        way = self.dice.choice(("bulk", "group", "chain", "chain", "change", "change", "delete"))
        chains = self.known[CHAINS]
        if way == "bulk":
            items = [{"name": f"{token}-{n}", "description": token} for n in range(BULK)]
            self.send(connection, "POST", GROUPS, "", token, {GROUPS: items})
        elif way == "group" or not self.known[GROUPS]:
            self.send(connection, "POST", GROUPS, "", token, {"port_pair_group": {"description": token}})
        elif way == "chain" or not chains:
            groups = self.dice.sample(sorted(self.known[GROUPS]), 1)
            body = {"port_chain": {"port_pair_groups": groups, "description": token}}
            self.send(connection, "POST", CHAINS, "", token, body)
        elif way == "change":
            id_ = self.dice.choice(sorted(chains))
            self.send(connection, "PUT", CHAINS, id_, token, {"port_chain": {"description": token}})
        else:
            self.send(connection, "DELETE", CHAINS, self.dice.choice(sorted(chains)), token)

    def send(self, connection, method, collection, id_, token, body=None):
        self.open = method, collection, id_, token
        self.made = len(body[collection]) if body and collection in body else 1
        text = json.dumps(body) if body else None
        connection.request(method, f"/v2.0/sfc/{collection}" + (f"/{id_}" if id_ else ""), text)
        response = connection.getresponse()
        content = response.read()
        self.open = None
        assert response.status in (200, 201, 204, 409), (method, collection, content)
        if response.status == 409:  # a chain over these groups is there
            return
        self.answered += 1
        if method == "DELETE":
            del self.known[collection][id_]
            return
        answer = json.loads(content)
        for one in answer.get(collection) or answer.values():
            self.known[collection][one["id"]] = one["description"]

    def account(self, there):
        """Give what is wrong in `there` (collection → id → description); take over what the open request did."""
        wrong = []
        for collection, known in self.known.items():
            mine = {i: d for i, d in there[collection].items() if d.split("-")[0] == str(self.number)}
            wrong += [
                ("lost", collection, one) for one in known.keys() - mine.keys() if not self.may_lack(one)
            ]
            for one in known.keys() & mine.keys():
                wrong += (
                    [("not as answered", one, known[one], mine[one])]
                    if not self.may_say(one, mine[one])
                    else []
                )
            new = {one: mine[one] for one in mine.keys() - known.keys()}
            wrong += [("of nobody, or by half", new)] if not self.may_be_new(collection, new) else []
            self.known[collection] = mine
        self.open = None
        return wrong

    def may_lack(self, id_):
        return self.open is not None and self.open[0] == "DELETE" and self.open[2] == id_

    def may_say(self, id_, description):
        known = {**self.known[GROUPS], **self.known[CHAINS]}[id_]
        return description == known or (self.open or ())[2:] == (id_, description)

    def may_be_new(self, collection, new):
        if not new:
            return True
        asked = self.open is not None and self.open[:2] == ("POST", collection)
        return asked and set(new.values()) == {self.open[3]} and len(new) == self.made


def listed(server):
    return {name: server.ask("GET", f"/v2.0/sfc/{name}").json()[name] for name in (GROUPS, CHAINS)}


def is_whole(found):
    """Numbers are given once, and what is named is there."""
    numbers = [one["group_id"] for one in found[GROUPS]], [one["chain_id"] for one in found[CHAINS]]
    groups = {one["id"] for one in found[GROUPS]}
    named = {id_ for one in found[CHAINS] for id_ in one["port_pair_groups"]}
    return all(len(set(some)) == len(some) and 0 not in some for some in numbers) and named <= groups


@pytest.mark.timeout(120 + 30 * KILLS)
def test_what_was_answered_survives_kills_at_random_moments(api_server, tmp_path):
    clients, rounds = [Client(number) for number in range(CLIENTS)], []
    for kill in range(KILLS + 1):
        with api_server("--no-quota", folder=tmp_path / "server") as server:
            found = listed(server)
            there = {name: {one["id"]: one["description"] for one in some} for name, some in found.items()}
            assert [wrong for client in clients for wrong in client.account(there)] == []
            assert is_whole(found)
            if kill == KILLS:
                break
            address = server.url.removeprefix("http://")
            threads = [threading.Thread(target=client.ask_on, args=[address]) for client in clients]
            for thread in threads:
                thread.start()
            time.sleep(random.Random(kill).random() * 0.5)  # noqa: S311 - repeatable on purpose
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            for thread in threads:
                thread.join()
            rounds.append(sum(client.open is not None for client in clients))
    told = f"{KILLS} kills, {sum(client.answered for client in clients)} answered 2xx, {sum(rounds)} not answered"
    print(told)  # noqa: T201 - of a long run one wants to know
    assert sum(client.answered for client in clients) > KILLS
