"""All raw requests that a strict and robust server is asked, and what it responds to each."""

from tests.security.front_door.cases_of_bodies import BODY_CASES
from tests.security.front_door.cases_of_heads import HEAD_CASES
from tests.security.front_door.cases_served import SERVED_CASES

CASES = (*SERVED_CASES, *BODY_CASES, *HEAD_CASES)
