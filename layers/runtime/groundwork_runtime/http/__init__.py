"""HTTP: a thin layer on Powertools' resolver that every HTTP function shares.

router.py         what a function serves, and what each route needs; nothing is open by default
application.py    an event in, an answer out
endpoint.py       around one handler: authenticate, decode, call, encode
authentication.py who is calling
problem.py        every error as problem+json
resources.py      the five operations of any resource
openapi.py        the document of it all
"""
