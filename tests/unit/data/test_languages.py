"""Languages are those that py3langid's own code finds, without numpy."""

# ruff: noqa: RUF001 - texts in other scripts have letters that look like Latin ones

import subprocess
import sys

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from groundwork_data.languages import TEXT_CHARACTERS, detect_language, most_probable

TEXTS = {
    "de": "Der Rat der Stadt hat am Dienstagabend nach langer Debatte beschlossen zu bauen.",
    "en": "The council of the town decided on Tuesday evening to build a new bridge.",
    "fr": "Le conseil de la ville a décidé mardi soir de construire un nouveau pont.",
    "es": "El consejo de la ciudad decidió el martes por la noche construir un nuevo puente.",
    "ru": "ГОРОДСКОЙ СОВЕТ ВО ВТОРНИК ВЕЧЕРОМ РЕШИЛ ПОСТРОИТЬ НОВЫЙ МОСТ ЧЕРЕЗ РЕКУ.",
    "ja": "市議会は火曜日の夜、川に新しい橋を架けることを決定した。",
    "ar": "قرر مجلس المدينة مساء الثلاثاء بناء جسر جديد فوق النهر.",
}
ODD = ["", " ", "1234 !?", "Ово је српски текст", "e\u0301te\u0301", "\ud800", "x" * 5_000]
"""No letters, two scripts of one language, combining characters, a lone surrogate."""


@pytest.fixture(scope="module")
def theirs() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@pytest.mark.parametrize("text", [*TEXTS.values(), *ODD, " ".join(TEXTS.values()) * 20])
def test_language_and_probability_are_those_of_py3langid(
    text: str, theirs: LanguageIdentifier
) -> None:
    language, probability = most_probable(text)
    assert (language, pytest.approx(probability, abs=1e-4)) == theirs.classify(text)


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_is_enough(language: str) -> None:
    assert most_probable(TEXTS[language])[0] == language


def test_an_uncertain_language_is_none() -> None:
    assert detect_language(TEXTS["de"]) == "de"
    assert detect_language("1234 !?") is None


def test_the_rest_of_a_long_text_changes_nothing() -> None:
    long = TEXTS["ja"] * (TEXT_CHARACTERS // len(TEXTS["ja"]) + 1)
    assert detect_language(long + TEXTS["ru"] * 500) == "ja"
    assert most_probable(long + TEXTS["ru"] * 500)[0] != "ja"


def test_numpy_is_not_loaded() -> None:
    tried = (
        "import sys; sys.modules['numpy'] = None\n"
        "from groundwork_data.languages import detect_language\n"
        f"assert detect_language({TEXTS['de']!r}) == 'de'\n"
    )
    subprocess.run([sys.executable, "-c", tried], check=True)
    # Their own code cannot be loaded there: the check works.
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(
            [sys.executable, "-c", f"{tried}import py3langid.langid"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
