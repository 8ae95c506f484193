"""What the extractive answerer makes of questions such as people ask, with its real embedder."""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import pytest
import together

REFUSAL = "I could not find that in your documents."
SYSTEM = f"Answer from the passages.\nIf the passages do not answer the question, reply exactly: «{REFUSAL}»"

PASSAGES = [
    (
        "harbour-report-2023.pdf",
        "Traffic › Cargo",
        "In 2023 the port of Sandvik handled 2.4 million tonnes of cargo, 6 per cent less than the year before. "
        "Timber made up a third of it. The harbour master, Lena Brandt, put the decline down to the closed canal lock. "
        "The lock was out of service from 4 April to 19 June because a gate had been struck by a barge.",
    ),
    (
        "harbour-report-2024.pdf",
        "Traffic › Cargo",
        "In 2024 the port of Sandvik handled 2.9 million tonnes of cargo. Containers overtook timber. "
        "Three new cranes were taken into service in October. They were made by Norrlift and lift 40 tonnes each.",
    ),
    (
        "tariffs.xlsx",
        "Berth fees",
        "| Berth | Length (m) | Depth (m) | Fee per day (€) | Power |\n|---|---|---|---|---|\n"
        "| North Quay | 210 | 9.5 | 640 | yes |\n| South Quay | 145 | 7.0 | 410 | yes |\n"
        "| Timber Pier | 180 | 8.2 | 380 | no |\n| Guest Harbour | 60 | 3.5 | 55 | yes |",
    ),
    (
        "safety-handbook.docx",
        "3 Fire",
        "If a fire breaks out on board, the crew calls 112 and then the harbour office on channel 12. "
        "Before entering the engine room, put on:\n\n- a breathing mask\n- gloves\n- a lifeline\n\n"
        "Extinguishers are inspected every two years.",
    ),
    (
        "protokoll-2024-11-05.txt",
        "Beschlüsse",
        "Der Ausschuss hat den Haushalt für 2025 mit sieben zu zwei Stimmen angenommen. "
        "Die Sanierung der Mole kostet 1,8 Millionen Euro und beginnt am 3. März 2025. "
        "Frau Dr. Albers leitet das Vorhaben. Die Frist für Einwendungen beträgt vier Wochen.",
    ),
    (
        "Re: pilot boats.eml",
        "",
        "From: Ola Ness <ola@sandvik.example>\nTo: crew@sandvik.example\nSubject: Pilot boats\n\n"
        "Dear all,\n\nthe two pilot boats go to the yard on 8 January. We hire a boat from Hamnvik for six weeks. "
        "The hire costs 1,150 euros a week.\n\n> Is the radar replaced as well?\n\nYes, the radar is replaced too.",
    ),
    (
        "visitor-guide.html",
        "Lighthouse",
        "The lighthouse of Sandvik was built in 1888 and is 34 metres high. Visitors may climb it from May on. "
        "Admission is 6 euros for adults; children under 12 enter free. Dogs are not allowed in the tower.",
    ),
    (
        "environment.md",
        "Noise",
        "Noise at the nearest house must stay below 45 decibels at night. In 2024 the limit was exceeded on 11 nights. "
        "All of them were nights on which the old crane unloaded gravel.",
    ),
]

ANSWERED = [
    ("How many tonnes of cargo did the port handle in 2023?", ["2.4 million tonnes"], [1]),
    ("Compare the cargo that the port of Sandvik handled in 2023 and in 2024.", ["2.4 million", "2.9 million"], [1, 2]),
    ("How did the cargo of the port change between 2023 and 2024?", ["2.4 million", "2.9 million"], [1, 2]),
    ("Who is the harbour master?", ["Lena Brandt"], [1]),
    ("Why was the lock out of service?", ["struck by a barge"], [1]),
    ("Who made the new cranes?", ["Norrlift"], [2]),
    ("What is the fee per day at the Timber Pier?", ["Timber Pier", "380"], [3]),
    ("How deep is the South Quay?", ["South Quay", "7.0"], [3]),
    ("Which berth has the highest fee per day?", ["North Quay", "640"], [3]),
    ("Which berth has the lowest depth?", ["Guest Harbour", "3.5"], [3]),
    ("What must be put on before entering the engine room?", ["breathing mask", "gloves", "lifeline"], [4]),
    ("How often are extinguishers inspected?", ["every two years"], [4]),
    ("Was kostet die Sanierung der Mole?", ["1,8 Millionen Euro"], [5]),
    ("Wer leitet die Sanierung der Mole?", ["Albers"], [5]),
    ("Wie lang ist die Einwendungsfrist?", ["vier Wochen"], [5]),
    ("When do the pilot boats go to the yard?", ["8 January"], [6]),
    ("Is the radar of the boats replaced?", ["the radar is replaced too"], [6]),
    ("How high is the lighthouse, and when was it built?", ["34 metres", "1888"], [7]),
    ("How many decibels must the noise stay below at night?", ["45 decibels"], [8]),
    ("How much does the hire of a boat cost, and who made the cranes?", ["1,150 euros", "Norrlift"], [6, 2]),
]

REFUSED = [
    "Who owns the shipyard in Rotterdam?",
    "How many people work for the port?",
    "What is the salary of Lena Brandt?",
    "How many tonnes of cargo did the port handle in 2017?",
    "What is the phone number of the lighthouse keeper?",
    "Which trains stop at Sandvik?",
    "Wie viele Schiffe sind 2024 gesunken?",
    "Wer ist der Bürgermeister von Hamburg?",
    "How do I cook a lobster?",
    "What was the average wave height in 2024?",
]

FOLLOW_UPS = [
    (["How much cargo did the port of Sandvik handle in 2023?"], "And in 2024?", "2.9 million"),
    (["Were new cranes taken into service?"], "How much do they lift?", "40 tonnes"),
    (["When was the lighthouse of Sandvik built?"], "And how high is it?", "34 metres"),
    (["Was kostet die Sanierung der Mole?"], "Und wann beginnt sie?", "3. März 2025"),
    (["What is the fee per day at the North Quay?"], "What about the South Quay?", "410"),
]


def fenced() -> str:
    passages = [
        f'<passage id="{n}" title="{escape(title)}" section="{escape(section)}">\n{escape(text)}\n</passage>'
        for n, (title, section, text) in enumerate(PASSAGES, 1)
    ]
    return "\n".join(["<passages>", *passages, "</passages>"])


@pytest.fixture
def client(model_server: str) -> Iterator[together.Together]:
    with together.Together(api_key="any", base_url=model_server, max_retries=0) as made:
        yield made


def ask(client: together.Together, question: str, earlier: list[str] | None = None) -> str:
    messages: list[Any] = [{"role": "system", "content": SYSTEM}]
    for turn in earlier or []:
        messages += [{"role": "user", "content": turn}, {"role": "assistant", "content": "…"}]
    messages.append({"role": "user", "content": f"{fenced()}\n\nQuestion: {question}"})
    made = client.chat.completions.create(model="rivulet/extractive-1", messages=messages)
    assert made.choices[0].message
    return made.choices[0].message.content or ""


def assert_verbatim(answer: str) -> None:
    """Every sentence of an answer stands in the passage it cites, but for table rows, which are read aloud."""
    for sentence, marker in re.findall(r"(.+?) \[(\d+)\][.!?](?: |$)", answer):
        text = " ".join(re.sub(r"[|>-]", " ", PASSAGES[int(marker) - 1][2]).split())
        for part in re.split(r"; |: ", sentence):
            assert part in text or part.rstrip(".") in text, f"{part!r} is not in passage {marker}"


@pytest.mark.parametrize(("question", "phrases", "cited"), ANSWERED)
def test_the_passages_that_answer_are_quoted(
    client: together.Together, question: str, phrases: list[str], cited: list[int]
) -> None:
    answer = ask(client, question)
    assert [phrase for phrase in phrases if phrase not in answer] == [], answer
    markers = [int(marker) for marker in re.findall(r" \[(\d+)\][.!?]", answer)]
    assert set(cited) <= set(markers), answer
    assert len(markers) <= 4
    assert_verbatim(answer)


@pytest.mark.parametrize("question", REFUSED)
def test_what_no_passage_says_is_refused(client: together.Together, question: str) -> None:
    assert ask(client, question) == REFUSAL


@pytest.mark.parametrize(("earlier", "question", "phrase"), FOLLOW_UPS)
def test_a_follow_up_is_answered_with_what_was_asked_before(
    client: together.Together, earlier: list[str], question: str, phrase: str
) -> None:
    answer = ask(client, question, earlier)
    assert phrase in answer
    assert_verbatim(answer)
