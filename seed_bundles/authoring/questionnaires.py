"""The PHQ-9, which the clinic gives out, and how a patient filled it in."""

from __future__ import annotations

from typing import Final

from .chart import Bundle, Chart
from .elements import HOUSE, LOINC, US_CORE, Element, at, coding, day

_URL: Final = f"{HOUSE}questionnaires/phq-9"
_QUESTIONS: Final = (
    "Little interest or pleasure in doing things",
    "Feeling down, depressed, or hopeless",
    "Trouble falling or staying asleep, or sleeping too much",
    "Feeling tired or having little energy",
    "Poor appetite or overeating",
    "Feeling bad about yourself",
    "Trouble concentrating on things",
    "Moving or speaking slowly, or being restless",
    "Thoughts that you would be better off dead",
)


def phq9(bundle: Bundle) -> None:
    """The questionnaire itself: nine questions, each from 0 (not at all) to 3 (nearly daily)."""
    bundle.put(
        "Questionnaire",
        "phq-9",
        url=_URL,
        name="PHQ9",
        title="How you have been in the last two weeks (PHQ-9)",
        status="active",
        subjectType=["Patient"],
        date=day(-900),
        publisher="Cedar Mesa Community Health",
        code=[coding(LOINC, "44249-1", "PHQ-9 quick depression assessment panel")],
        item=[
            {"linkId": str(number), "text": text, "type": "integer", "required": True}
            for number, text in enumerate(_QUESTIONS, start=1)
        ],
    )


def phq9_answers(
    chart: Chart, offset: int, points: tuple[int, ...], security: list[Element]
) -> str:
    return chart.put(
        "QuestionnaireResponse",
        "phq9",
        meta={"profile": [f"{US_CORE}us-core-questionnaireresponse"], "security": security},
        questionnaire=_URL,
        status="completed",
        subject=chart.patient,
        authored=at(offset, "08:10"),
        author=chart.patient,
        source=chart.patient,
        item=[
            {"linkId": str(number), "text": text, "answer": [{"valueInteger": value}]}
            for number, (text, value) in enumerate(zip(_QUESTIONS, points, strict=True), start=1)
        ],
    )
