"""What clients that know only the wire rely on, beside the claims of the other files."""

import io

from tests.town import Town


def test_a_device_is_its_persons_from_the_first_pull_on(town: Town) -> None:
    worker, officer = (
        town.phone("worker"),
        town.phone("officer", device="0198c0de-0000-7000-8000-00000000000a"),
    )
    worker.device = officer.device
    assert worker.pull().status == 200
    assert officer.pull().code == "device_taken"
    assert officer.push().code == "device_taken"
    assert worker.push().status == 200


def test_a_refused_body_is_read_out_so_that_the_connection_may_stay_open(town: Town) -> None:
    client = town.app.test_client()
    for size, path, status in (
        (200_000, "/api/v1/sync/push", 401),
        (1_048_577, "/api/v1/session", 413),
    ):
        body = io.BytesIO(b" " * size)
        answer = client.post(
            path,
            input_stream=body,
            content_length=size,
            content_type="application/json",
            environ_overrides={"wsgi.input_terminated": True},
        )
        assert answer.status_code == status
        assert body.read() == b"", path


def test_an_empty_filter_is_none_and_the_list_sorts_by_the_documents_names(town: Town) -> None:
    old = town.ticket(urgent=False)
    town.clock.go(minutes=5)
    new = town.ticket()
    officer = town.phone("officer")
    empty = "state=&village=&unit=&category=&urgent=&due_before=&q=&sort=&page=&page_size="
    told = officer.get(f"/tickets?{empty}").json
    assert (told["total"], told["page"]) == (2, 1)
    for sort, expected in (
        ("received_at", [old, new]),
        ("-received_at", [new, old]),
        ("due_at", [new, old]),
        ("-due_at", [old, new]),
    ):
        told = officer.get(f"/tickets?sort={sort}").json
        assert [each["id"] for each in told["items"]] == expected, sort
