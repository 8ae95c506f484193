"""What functions tell Prometheus, and whom."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import Functions


def test_a_function_tells_its_metrics_and_the_queues_to_whoever_has_the_key(
    functions: Functions, gateway: Gateway, engine: Engine
) -> None:
    engine.ask(engine.conversation(engine.person()))
    url = functions.serve("health").url + "metrics"

    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": f"Bearer {gateway.database.publishable_key}"}).status_code == 401
    assert httpx.post(url).status_code == 405
    reply = httpx.get(url, headers={"Authorization": f"Bearer {gateway.database.secret_key}"})

    assert reply.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }
    assert samples["rivulet_queue_jobs", "ready", "respond"] == 1
    assert samples["rivulet_queue_oldest_ready_seconds", "respond"] >= 0
    assert samples["rivulet_queue_workers", "respond"] == 0
    assert samples["rivulet_engine_visible",] == 1
    assert samples["rivulet_call_seconds_count", "database", "engine_status_v1", "ok"] == 1
    assert "rivulet_doorbell_hears" not in reply.text, "a function has no doorbell, and is not deaf"
