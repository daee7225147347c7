"""Setting a Zendesk account up, and taking it back."""

from dataclasses import replace

import pytest

from bridge.connector import Refused
from bridge.scale import FIVE
from connectors.zendesk import CONNECTOR, record
from connectors.zendesk.desk import Desk
from connectors.zendesk.webhook import SUBSCRIPTIONS
from tests.connectors.zendesk.world import World, access_for
from tests.hosts.zendesk.account import Field, Option

LABELS = ["positive", "neutral", "negative", "urgent", "unknown"]


def changes(world: World) -> list[tuple[str, str]]:
    return [call for call in world.account.calls if call[0] != "GET" and call[1] != "/oauth/tokens"]


def field_named(world: World, title: str) -> Field:
    return world.account.fields[world.field(title)]


def test_connect_makes_the_three_fields_with_their_options_hidden_from_customers(world: World) -> None:
    label, score, trend = (field_named(world, f"Sentiment{rest}") for rest in ("", " score", " trend"))
    assert [one.value for one in label.options] == [f"sentiment_{name}" for name in LABELS]
    assert [one.value for one in trend.options] == [
        f"sentiment_trend_{name}" for name in ("improving", "stable", "declining")
    ]
    assert (label.type, score.type, trend.type) == ("tagger", "decimal", "tagger")
    assert not any(one.visible_in_portal or one.editable_in_portal for one in (label, score, trend))


def test_connect_appends_the_fields_to_every_active_form_and_keeps_what_stands_there(bare: World) -> None:
    bare.account.forms[77] = {"id": 77, "name": "Old", "active": False, "ticket_field_ids": [11]}
    bare.connect()
    ours = list(bare.account.fields)
    active = next(form for form in bare.account.forms.values() if form["active"])
    assert active["ticket_field_ids"] == [11, 12, *ours]
    assert bare.account.forms[77]["ticket_field_ids"] == [11]


def test_connect_puts_the_fields_on_the_named_forms_only(bare: World) -> None:
    bare.account.forms[78] = {"id": 78, "name": "Second", "active": True, "ticket_field_ids": [11]}
    bare.access = replace(bare.access, options={**bare.access.options, "forms": "78"})
    bare.connect()
    assert [len(form["ticket_field_ids"]) for form in bare.account.forms.values()] == [2, 4]


def test_connect_on_an_account_without_forms_says_so(bare: World) -> None:
    bare.account.forms_available = False
    steps = CONNECTOR.install(bare.access, False).steps
    assert any("no ticket forms" in step for step in steps)


def test_views_show_unsolved_tickets_worst_first(world: World) -> None:
    views = {view["title"]: view for view in world.account.views.values()}
    assert list(views) == ["Sentiment: Urgent", "Sentiment: Negative", "Sentiment: Declining"]
    negative = views["Sentiment: Negative"]["conditions"]
    assert negative["all"] == [{"field": "status", "operator": "less_than", "value": "solved"}]
    assert [one["value"] for one in negative["any"]] == ["sentiment_negative", "sentiment_urgent"]
    assert {view["execution"]["sort_by"] for view in views.values()} == {str(world.field("Sentiment score"))}


def test_where_views_cannot_sort_by_a_custom_field_they_sort_by_the_customers_last_word(bare: World) -> None:
    bare.account.sorts_by_custom_field = False
    bare.connect()
    assert {view["execution"]["sort_by"] for view in bare.account.views.values()} == {"updated_requester"}


def test_connect_makes_one_webhook_for_our_events_and_hands_on_its_secret(bare: World) -> None:
    installed = CONNECTOR.install(bare.access, False)
    (hook,) = bare.account.webhooks.values()
    assert hook["endpoint"] == bare.access.hook_url
    assert set(hook["subscriptions"]) == set(SUBSCRIPTIONS)
    assert installed.secret == hook["secret"]


def test_connecting_twice_changes_nothing(world: World) -> None:
    before = changes(world)
    again = CONNECTOR.install(world.access, False)
    assert changes(world) == before
    assert again.secret in world.access.secrets


def test_a_connect_that_broke_off_goes_on_where_it_stopped(bare: World) -> None:
    bare.account.faults.next_up.extend(["", "", "", "", "500"])
    with pytest.raises(Exception, match="not working"):
        bare.connect()
    bare.connect()
    titles = [one.title for one in bare.account.fields.values()]
    assert sorted(titles) == ["Sentiment", "Sentiment score", "Sentiment trend"]
    assert len(bare.account.webhooks) == 1


def test_a_dry_run_reads_and_changes_nothing(bare: World) -> None:
    steps = CONNECTOR.install(bare.access, True).steps
    assert changes(bare) == []
    assert bare.access.state.get(record.KEY) is None
    assert any("Would make the field Sentiment score" in step for step in steps)
    assert any("Would make the webhook" in step for step in steps)


def test_rules_that_will_run_on_our_writes_are_counted_and_named(bare: World) -> None:
    create = {"field": "update_type", "operator": "is", "value": "Create"}
    public = {"field": "comment_is_public", "operator": "is", "value": "true"}
    status = {"field": "status", "operator": "is", "value": "open"}
    hours = {"field": "updated_at", "operator": "greater_than", "value": "48"}

    def rule(title: str, *conditions: dict[str, str], active: bool = True) -> dict[str, object]:
        return {"id": 1, "title": title, "active": active, "conditions": {"all": list(conditions), "any": []}}

    bare.account.triggers = [
        rule("Notify on new", create),
        rule("Notify on reply", public),
        rule("Route open", status),
        rule("Old", status, active=False),
        rule("Not for the bridge", {"field": "role", "operator": "is_not", "value": str(bare.account.admin.id)}),
        rule("Customer wrote", {"field": "role", "operator": "is", "value": "end_user"}),
    ]
    bare.account.automations = [rule("Bump after two days", status, hours), rule("Close", status)]
    steps = CONNECTOR.install(bare.access, True).steps
    assert steps[-2:] == (
        '1 active trigger ("Route open") will also run when Moodbridge writes.',
        '1 active automation ("Bump after two days") counts hours since a ticket\'s update: writes reset it.',
    )


def test_a_field_of_the_same_name_by_zendesks_own_triage_is_a_clash(bare: World) -> None:
    bare.account.fields[900] = Field(900, "tagger", "Sentiment", [Option(1, "Negative", "sentiment__negative")])
    with pytest.raises(Refused, match="--prefix mood"):
        CONNECTOR.install(bare.access, False)
    assert changes(bare) == []


def test_a_foreign_field_that_uses_one_of_our_tags_is_a_clash(bare: World) -> None:
    bare.account.fields[900] = Field(900, "tagger", "Feeling", [Option(1, "Bad", "sentiment_negative")])
    with pytest.raises(Refused, match="Feeling"):
        CONNECTOR.install(bare.access, False)


def test_tickets_that_carry_our_tags_already_are_a_clash(bare: World) -> None:
    bare.account.open_ticket(bare.account.person("Ann"), "hi", tags=["sentiment_negative"])
    with pytest.raises(Refused, match="sentiment_negative"):
        CONNECTOR.install(bare.access, False)


def test_another_prefix_renames_fields_tags_and_views(bare: World) -> None:
    bare.account.fields[900] = Field(900, "tagger", "Sentiment", [Option(1, "Negative", "sentiment__negative")])
    bare.access = replace(bare.access, prefix="mood")
    bare.connect()
    made = [one for one in bare.account.fields.values() if one.id != 900]
    assert [one.title for one in made] == ["Mood", "Mood score", "Mood trend"]
    assert made[0].options[0].value == "mood_positive"
    assert all(view["title"].startswith("Mood: ") for view in bare.account.views.values())


def test_an_agent_as_user_of_the_client_is_refused_in_words(bare: World) -> None:
    bare.account.admin.role = "agent"
    with pytest.raises(Refused, match="role agent"):
        CONNECTOR.install(bare.access, False)


@pytest.mark.parametrize(
    "hook_url",
    ["http://127.0.0.1:8080/hooks/h", "https://localhost/hooks/h", "https://10.0.0.4/hooks/h", "http://b.example/h"],
)
def test_without_a_public_https_address_no_webhook_is_made_and_connect_says_so(bare: World, hook_url: str) -> None:
    from connectors.zendesk.install import reachable

    options = {**bare.access.options, "base-url": ""}
    assert not reachable(replace(bare.access, hook_url=hook_url, options=options))


def test_a_missing_option_is_added_and_an_agents_own_option_stays(world: World) -> None:
    label = field_named(world, "Sentiment")
    label.options = [one for one in label.options if one.value != "sentiment_urgent"] + [Option(9, "VIP", "vip_mood")]
    world.connect()
    values = [one.value for one in label.options]
    assert "sentiment_urgent" in values
    assert "vip_mood" in values


def test_a_webhook_changed_by_hand_is_put_right(world: World) -> None:
    (hook_id,) = world.account.webhooks
    world.account.webhooks[hook_id]["subscriptions"] = ["zen:event-type:ticket.created"]
    steps = CONNECTOR.install(world.access, False).steps
    assert set(world.account.webhooks[hook_id]["subscriptions"]) == set(SUBSCRIPTIONS)
    assert any("subscriptions" in step for step in steps)


def test_rotating_makes_a_new_webhook_before_the_old_one_goes(world: World) -> None:
    (old,) = world.account.webhooks
    world.access = replace(world.access, secrets=("made by rotate", *world.access.secrets[:1]))
    begun = len(world.account.calls)
    secret = CONNECTOR.install(world.access, False).secret
    (new,) = world.account.webhooks
    assert new != old
    assert secret == world.account.webhooks[new]["secret"]
    verbs = [method for method, path in world.account.calls[begun:] if path.startswith("/api/v2/webhooks")]
    assert verbs.index("POST") < verbs.index("DELETE")


def test_a_trigger_webhook_of_theirs_that_calls_our_hook_is_left_alone(world: World) -> None:
    theirs = {**next(iter(world.account.webhooks.values())), "id": "t", "subscriptions": ["conditional_ticket_events"]}
    world.account.webhooks["t"] = dict(theirs)
    world.connect()
    CONNECTOR.uninstall(world.access)
    assert world.account.webhooks == {"t": theirs}


def trigger_webhook(world: World, name: str, secret: str) -> None:
    mine = next(iter(world.account.webhooks.values()))
    given = {"id": name, "name": name, "secret": secret, "subscriptions": ["conditional_ticket_events"]}
    world.account.webhooks[name] = {**mine, **given}


def test_the_secret_of_a_trigger_webhook_that_calls_our_hook_is_handed_on(world: World) -> None:
    trigger_webhook(world, "theirs", "secret of theirs")
    trigger_webhook(world, "elsewhere", "secret of others")
    world.account.webhooks["elsewhere"]["endpoint"] = "https://other.example/hooks/x"
    installed = CONNECTOR.install(world.access, False)
    assert installed.secrets == ("secret of theirs",)
    assert any("theirs" in step for step in installed.steps)
    world.access = replace(world.access, secrets=(*world.access.secrets, "secret of theirs"))
    assert not any("theirs" in step for step in CONNECTOR.install(world.access, False).steps)


def test_a_webhook_whose_secret_is_hidden_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger_webhook(world, "an app's", "hidden")

    def hidden(desk: Desk, webhook_id: str) -> str:
        if webhook_id == "an app's":
            raise Refused("no")
        return str(world.account.webhooks[webhook_id]["secret"])

    monkeypatch.setattr(Desk, "webhook_secret", hidden)
    installed = CONNECTOR.install(world.access, False)
    assert installed.secrets == ()
    assert any("an app's" in step and "hides" in step for step in installed.steps)


def test_a_dry_run_of_a_rotation_says_so_and_changes_nothing(world: World) -> None:
    before = changes(world)
    access = replace(world.access, secrets=("(made when you connect)", *world.access.secrets))
    assert any("Would make a new webhook" in step for step in CONNECTOR.install(access, True).steps)
    assert changes(world) == before


def test_another_scale_brings_its_labels_and_the_views_follow_their_meaning(bare: World) -> None:
    bare.access = replace(bare.access, scale=FIVE.buckets)
    bare.connect()
    assert [one.value for one in field_named(bare, "Sentiment").options] == [
        f"sentiment_{name}" for name in (*FIVE.labels, "unknown")
    ]
    tags = {view["title"]: [one["value"] for one in view["conditions"]["any"]] for view in bare.account.views.values()}
    assert tags["Sentiment: Negative"] == ["sentiment_negative", "sentiment_very_negative"]
    assert tags["Sentiment: Urgent"] == ["sentiment_very_negative"]


def test_a_new_scale_adds_its_labels_to_the_fields_that_are_there(world: World) -> None:
    world.access = replace(world.access, scale=FIVE.buckets)
    steps = CONNECTOR.install(world.access, False).steps
    assert steps == (
        "Added the option Very positive to the field Sentiment.",
        "Added the option Very negative to the field Sentiment.",
        "Added sentiment_very_negative to the view Sentiment: Urgent.",
        "Added sentiment_very_negative to the view Sentiment: Negative.",
    )
    assert CONNECTOR.install(world.access, False).steps == ()


def test_disconnect_takes_webhook_and_views_and_keeps_fields_and_values(world: World) -> None:
    ticket = world.account.open_ticket(world.account.person("Ann"), "hi")
    world.account.choose(ticket, world.account.admin, world.field("Sentiment"), "sentiment_negative")
    world.account.views[5] = {"id": 5, "title": "Theirs", "active": True}
    steps = CONNECTOR.uninstall(world.access)
    assert world.account.webhooks == {}
    assert [view["title"] for view in world.account.views.values()] == ["Theirs"]
    assert len(world.account.fields) == 3
    assert ticket.tags == ["sentiment_negative"]
    assert any("stay with their values" in step for step in steps)


def test_connecting_after_disconnect_takes_the_former_fields_again(world: World) -> None:
    CONNECTOR.uninstall(world.access)
    world.access = replace(access_for(world.running.url), secrets=("other",))
    world.connect()
    assert len(world.account.fields) == 3
    assert len(world.account.webhooks) == 1


def test_nothing_was_refused_or_warned_of_by_zendesk(world: World) -> None:
    world.connect()
    assert [warning for warning in world.account.warnings if warning != "id"] == []
