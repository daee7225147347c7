"""Our three ticket fields: found again, made, completed, and put on the account's forms."""

from dataclasses import dataclass

from bridge.connector import Access, Refused
from connectors.zendesk.desk import Desk, FieldSeen, Json
from connectors.zendesk.names import label_options, title, trend_options
from connectors.zendesk.session import Rejected

TAGGER = "tagger"
DECIMAL = "decimal"


@dataclass(frozen=True, slots=True)
class Wanted:
    kind: str
    title: str
    description: str
    options: dict[str, str] | None


def wanted(access: Access) -> tuple[Wanted, Wanted, Wanted]:
    """Label, score and trend. Options: value (which is the tag) to the name agents read."""
    label = "How the customer's newest message sounds. Set by Moodbridge; choose another value to correct it."
    score = "From -1 (very bad) to 1 (very good). Set by Moodbridge."
    trend = "Whether the conversation gets better or worse. Set by Moodbridge."
    return (
        Wanted(TAGGER, title(access), label, label_options(access)),
        Wanted(DECIMAL, title(access, "score"), score, None),
        Wanted(TAGGER, title(access, "trend"), trend, trend_options(access)),
    )


def ours_among(access: Access, fields: list[FieldSeen]) -> list[FieldSeen | None]:
    """For each wanted field the account's own one, None where it is to be made. Raises Refused on a clash.

    Ours is an active field of the wanted title and type whose options are all ours (a former connection leaves them
    behind). Zendesk does not check that a tag belongs to one drop-down only, and a clash breaks both ("Ticket
    fields"); Zendesk's own triage has a field named Sentiment with tags `sentiment__...`.
    """
    found: list[FieldSeen | None] = []
    for want in wanted(access):
        same = [one for one in fields if one.active and one.title.strip().lower() == want.title.lower()]
        match = next((one for one in same if _is_ours(one, want)), None)
        if same and match is None:
            raise _clash(access, f"there is another field named {want.title}")
        found.append(match)
    kept = {one.id for one in found if one}
    tags = set(label_options(access)) | set(trend_options(access))
    for one in fields:
        if one.id not in kept and tags & set(one.options):
            raise _clash(access, f"the field {one.title} already uses tags such as {min(tags & set(one.options))}")
    return found


def check_loose_tags(access: Access, desk: Desk) -> None:
    """Raises Refused when tickets carry our tags although no field of ours exists: somebody else sets them."""
    tags = set(label_options(access)) | set(trend_options(access))
    clash = sorted(tags & set(desk.tags(f"{access.prefix}_")))
    if clash:
        raise _clash(access, f"tickets already carry the tag {clash[0]}")


def make(desk: Desk, want: Wanted) -> FieldSeen:
    """Makes a field and reads it back. Raises Refused when customers would see it."""
    made = desk.add_field(want.kind, want.title, want.description, want.options)
    seen = next((one for one in desk.fields() if one.id == made.id), None)
    if seen is None or seen.visible_in_portal:
        raise Refused(
            f"the new field {want.title} would be shown to customers: in Admin Center, Objects and rules, Tickets,"
            " Fields, set its permission to agents only, then connect again"
        )
    return seen


def complete(desk: Desk, field: FieldSeen, want: Wanted, dry_run: bool) -> list[str]:
    """Adds the options that are missing; the others stay. What was added."""
    missing = {value: name for value, name in (want.options or {}).items() if value not in field.options}
    for value, name in missing.items():
        if not dry_run:
            desk.add_option(field.id, value, name)
    verb = "Would add" if dry_run else "Added"
    return [f"{verb} the option {name} to the field {want.title}." for name in missing.values()]


def put_on_forms(desk: Desk, choice: str, field_ids: list[int], count: int, dry_run: bool) -> list[str]:
    """Puts the fields on the chosen forms, behind what stands there. What was done.

    `choice`: all, none, or form ids with commas. A form's list is replaced as a whole, so it is read just before.
    """
    choice = choice.strip().lower() or "all"
    if choice == "none":
        return ["Put the fields on no form, as told: agents see them only where you add them yourself."]
    forms = desk.forms()
    if forms is None:
        return ["The account has no ticket forms to choose from: agents see the fields on every ticket."]
    done = []
    for form in _chosen(forms, choice):
        present = [int(field_id) for field_id in form["ticket_field_ids"] or ()]
        missing = [field_id for field_id in field_ids if field_id not in present]
        if not missing and len(field_ids) == count:
            continue
        if dry_run:
            done.append(f"Would put the fields on the form {form['name']}.")
            continue
        try:
            desk.set_form(int(form["id"]), [*present, *missing])
            done.append(f"Put the fields on the form {form['name']}.")
        except Rejected as problem:
            done.append(f"The form {form['name']} could not be changed ({problem.code}): add the fields by hand.")
    return done


def _chosen(forms: list[Json], choice: str) -> list[Json]:
    if choice == "all":
        return [form for form in forms if form["active"]]
    ids = {part.strip() for part in choice.split(",")}
    unknown = ids - {str(form["id"]) for form in forms}
    if unknown:
        known = ", ".join(f"{form['id']} ({form['name']})" for form in forms)
        raise Refused(f"forms: there is no form {min(unknown)}; say all, none, or ids of: {known}")
    return [form for form in forms if str(form["id"]) in ids]


def _is_ours(field: FieldSeen, want: Wanted) -> bool:
    if field.type != want.kind:
        return False
    return want.options is None or bool(set(field.options) & set(want.options))


def _clash(access: Access, what: str) -> Refused:
    other = "mood" if access.prefix != "mood" else "moodbridge"
    return Refused(f"{what}: nothing was changed. Connect with --prefix {other} to keep the two apart")
