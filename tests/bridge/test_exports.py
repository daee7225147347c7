"""Exports of old tickets, as helpdesks write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Invalid
from bridge.exports import AUTHOR, TEXT, TICKET, TIME, Columns, Told, guessed, headings, moment, told


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    ("names", "what", "column"),
    [
        (["Ticket ID", "Comment body", "Created at"], TICKET, "Ticket ID"),
        (["Ticket ID", "Comment body", "Created at"], TEXT, "Comment body"),
        (["Ticket ID", "Comment body", "Created at"], TIME, "Created at"),
        (["id", "ticket_id"], TICKET, "ticket_id"),
        (["Author-Role"], AUTHOR, "Author-Role"),
        (["a", "b"], TEXT, None),
    ],
)
def test_columns_are_found_by_their_usual_names(names: list[str], what: str, column: str | None) -> None:
    assert guessed(names, what) == column


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_whatever_parts_its_columns(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path, "a.csv", f"ticket{delimiter}text\r\n7{delimiter}hello\r\n")
    assert list(told(path, Columns("text", "ticket"))) == [Told("7", "hello", False, None)]


def test_a_text_may_hold_line_breaks_and_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'text,ticket\n"one\ntwo ""three""",1\n')
    assert [one.text for one in told(path, Columns("text", "ticket"))] == ['one\ntwo "three"']


def test_the_mark_that_excel_puts_first_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert headings(written(tmp_path, "a.csv", "\ufefftext,ticket\nx,1\n")) == ["text", "ticket"]


def test_json_lines_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"text":"hello","ticket":5,"time":"2026-11-22T10:00:00Z"}\n\n')
    assert headings(path) == ["text", "ticket", "time"]
    assert list(told(path, Columns("text", "ticket", None, "time"))) == [Told("5", "hello", False, 1795341600.0)]


def test_rows_without_a_text_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"text":" "}\n{"text":null}\n{"other":1}\n{"text":"x"}\n')
    assert [one.text for one in told(path, Columns("text"))] == ["x"]


def test_without_a_ticket_column_every_row_is_a_ticket(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text\nx\ny\n")
    assert [one.ticket for one in told(path, Columns("text"))] == ["1", "2"]


@pytest.mark.parametrize("author", ["agent", "Staff", "support"])
def test_staff_is_known_by_its_role(tmp_path: Path, author: str) -> None:
    path = written(tmp_path, "a.csv", f"text,role\nx,{author}\ny,end-user\n")
    assert [one.staff for one in told(path, Columns("text", None, "role"))] == [True, False]


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-22 10:00:00",
        "2026-11-22T11:00:00+01:00",
        "1795341600",
        1795341600000,
        "2026/11/22 10:00",
    ],
)
def test_a_time_is_read_as_exports_write_it(value: object) -> None:
    assert moment(value) == 1795341600.0


@pytest.mark.parametrize("value", [None, "", "soon", "nan", "inf", "-5", True, "1e300"])
def test_what_is_no_time_is_none(value: object) -> None:
    assert moment(value) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", b"[1]\n"), ("a.csv", b"text\n" + b"x" * 10_000_001), ("a.csv", b"text\n\xff\xfe\n")],
)
def test_an_unreadable_file_says_what_is_wrong(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid):
        list(told(path, Columns("text")))


@given(st.text())
def test_no_time_of_any_text_fails(text: str) -> None:
    assert moment(text) is None or isinstance(moment(text), float)
