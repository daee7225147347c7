"""What scoring costs, the month's budget and the account's limit, by the real drain."""

import json

import sqlalchemy as sa

from bridge import providers, webhooks, workspaces
from bridge.runtime import Runtime
from bridge.store.tables import deliveries, events, usage
from tests.fakes import Home
from tests.hosts.provider import FakeProvider
from tests.jobs.provided import Draining, caveats, receive, rows, scorer, use

COMPLAINT = "I have been waiting for a week, where is my order?"


def test_the_budget_is_noted_at_80_and_100_per_cent_then_the_embedded_scorer_takes_over(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    use(runtime, home, provider)
    receive(runtime, home, ["What does it cost?"])
    (first,) = drain.all(home)
    workspaces.set(runtime, home.slug, {"monthly_budget_usd": str(first.cost * 2.2 / 1e6)})
    receive(runtime, home, ["And what does that?"])
    drain.all(home)
    assert list(providers.usage(runtime, home.slug).reached) == [80]
    receive(runtime, home, ["Or this one here?"])
    drain.all(home)
    assert list(providers.usage(runtime, home.slug).reached) == [80, 100]
    receive(runtime, home, ["Is this broken again?"])
    last = drain.all(home)[-1]
    assert (scorer(last), caveats(last)) == ("offline", ["offline_fallback"])
    assert "budget" in last.last_error
    assert provider.state.calls == 3


def test_each_share_of_the_budget_that_is_reached_is_told_once(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    webhooks.add(runtime, home.slug, provider.base_url("openai"))
    workspaces.set(runtime, home.slug, {"monthly_budget_usd": "0.00001"})
    use(runtime, home, provider)
    receive(runtime, home, [COMPLAINT, "Where is it?", "Is anybody there?"])
    drain.all(home)
    reached = sa.select(events.c.data).where(events.c.type == "workspace.budget_reached").order_by(events.c.id)
    with runtime.database.read() as connection:
        told = [json.loads(data) for data in connection.execute(reached).scalars()]
        waiting = connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar_one()
    assert [one["share"] for one in told] == [80, 100]
    assert told[0]["budget_usd"] == 0.00001
    assert waiting >= 2


def test_a_larger_budget_is_noted_anew(runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider) -> None:
    workspaces.set(runtime, home.slug, {"monthly_budget_usd": "0.00001"})
    use(runtime, home, provider)
    receive(runtime, home, [COMPLAINT])
    drain.all(home)
    assert list(providers.usage(runtime, home.slug).reached) == [80, 100]
    workspaces.set(runtime, home.slug, {"monthly_budget_usd": "5"})
    assert providers.usage(runtime, home.slug).reached == {}


def test_calls_of_an_unknown_price_are_counted_as_such(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    providers.set(
        runtime, home.slug, "openai-compatible", model="local-model", base_url=provider.base_url("compatible")
    )
    receive(runtime, home, [COMPLAINT])
    (row,) = drain.all(home)
    total = providers.usage(runtime, home.slug).total
    assert (row.cost, total.cost, total.unpriced, total.calls) == (None, 0, 1, 1)


def test_the_accounts_limit_is_learnt_from_the_provider_and_kept(
    runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider
) -> None:
    provider.state.requests_per_minute = 5
    use(runtime, home, provider)
    receive(runtime, home, ["Where is it?"])
    drain.all(home)
    assert providers.shown(runtime, home.slug).requests_per_minute == 5
    receive(runtime, home, [f"Where is order {number}?" for number in range(20)])
    drain.put_off(home)
    drain.until(lambda: not any(one.worker_id for one in rows(runtime, home)), "all calls")
    assert provider.state.calls <= 1 + 5, "the limit is kept here; the first call did not know it"


def test_usage_of_a_day_adds_up(runtime: Runtime, drain: Draining, home: Home, provider: FakeProvider) -> None:
    use(runtime, home, provider)
    receive(runtime, home, [COMPLAINT, "Where is it?", COMPLAINT])
    found = drain.all(home)
    total = providers.usage(runtime, home.slug).total
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(usage)).scalar_one() == 1
    assert (total.calls, total.failed, total.cached) == (2, 0, 1)
    assert total.cost == sum(row.cost or 0 for row in found)
    assert total.input_tokens > 0
    assert total.output_tokens > 0
