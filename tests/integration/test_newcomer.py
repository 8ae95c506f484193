"""However many tenants wait, and however much each of them has, who comes first is next."""

from tests.integration.engine import Engine

CROWD = 20


def test_the_first_job_of_a_newcomer_is_the_next(engine: Engine) -> None:
    crowd = [engine.person() for _ in range(CROWD)]
    for user in crowd * 3:
        engine.document(user)
    for _ in range(CROWD + 3):  # all were served once, some twice
        engine.fail(engine.claim_one("parse"), "permanent")
    newcomers = [engine.person() for _ in range(3)]
    for user in newcomers * 3:
        engine.document(user)

    served = [engine.claim_one("parse")["tenant_id"] for _ in range(CROWD)]

    assert sorted(served[:3]) == sorted(str(user) for user in newcomers)
    assert not {str(user) for user in newcomers} & set(served[3:])  # from then on they wait like everybody
