"""Changes of the graph by hand: the statement, and the drift that `verify` must find."""

ADA = "MATCH (n:Entity {name: 'Ada'}) "
NEW = "99999999-0000-7000-8000-000000000000"
ONE, OTHER = "entities", "relationships"

CHANGES = {
    "a name changed": (ADA + "SET n.name = 'Eve'", ONE, "altered"),
    "a confidence changed": (ADA + "SET n.confidence = 0.99", ONE, "altered"),
    "a number made a truth": (ADA + "SET n.confidence = true", ONE, "altered"),
    "aliases added": (ADA + "SET n.aliases = ['Eve']", ONE, "altered"),
    "a key removed": (ADA + "REMOVE n.key", ONE, "altered"),
    "a property added": (ADA + "SET n.colour = 'red'", ONE, "altered"),
    "a property made a date": (ADA + "SET n.name = date()", ONE, "altered"),
    "a name removed": (ADA + "REMOVE n.name", ONE, "altered"),
    "a version removed": (ADA + "REMOVE n._v", ONE, "altered"),
    "a label removed": (ADA + "REMOVE n:Person", ONE, "mislabelled"),
    "a label added": (ADA + "SET n:Admin", ONE, "mislabelled"),
    "a label exchanged": (ADA + "REMOVE n:Person SET n:Topic", ONE, "mislabelled"),
    "a version from the future": (ADA + "SET n._v = 99, n.name = 'later'", ONE, "ahead"),
    "a version from the past": (ADA + "SET n._v = 0", ONE, "stale"),
    "an entity removed": (ADA + "DETACH DELETE n", ONE, "missing"),
    "an entity no longer one": (ADA + "REMOVE n:Entity SET n:Awaited", ONE, "missing"),
    "an entity without the label of all": (ADA + "REMOVE n:Entity", ONE, "missing"),
    "an entity without its id": (ADA + "REMOVE n.id", ONE, "missing"),
    "an entity with the id of another": (ADA + f"SET n.id = '{NEW}'", ONE, "missing"),
    "an entity added": (f"CREATE (:Entity:Person {{id: '{NEW}', name: 'x', _v: 1}})", ONE, "extra"),
    "an entity with an id like no other": (
        "CREATE (:Entity:Person {id: 'zzz', name: 'x', _v: 1})",
        ONE,
        "extra",
    ),
    "an entity buried": (
        "MATCH (n:Entity {name: 'Ada'}) WITH n, n.id AS id DETACH DELETE n"
        " CREATE (:Tombstone {id: id, _v: 50})",
        ONE,
        "missing",
    ),
    "an entity buried alive": (ADA + "CREATE (:Tombstone {id: n.id, _v: 50})", ONE, "buried"),
    "a confidence of a relationship changed": (
        "MATCH ()-[r:COVERS]->() SET r.confidence = 0.1",
        OTHER,
        "altered",
    ),
    "a moment added": (
        "MATCH ()-[r:COVERS]->() SET r.valid_from = datetime()",
        OTHER,
        "altered",
    ),
    "a text for a moment": (
        "MATCH ()-[r:COVERS]->() SET r.valid_from = 'yesterday'",
        OTHER,
        "altered",
    ),
    "a property of a relationship added": (
        "MATCH ()-[r:COVERS]->() SET r.colour = 'red'",
        OTHER,
        "altered",
    ),
    "a confidence of a relationship removed": (
        "MATCH ()-[r:COVERS]->() REMOVE r.confidence",
        OTHER,
        "altered",
    ),
    "a relationship of a version from the future": (
        "MATCH ()-[r:COVERS]->() SET r._v = 99",
        OTHER,
        "ahead",
    ),
    "a relationship of a version from the past": (
        "MATCH ()-[r:COVERS]->() SET r._v = 0",
        OTHER,
        "stale",
    ),
    "a relationship without its id": (
        "MATCH ()-[r:COVERS]->() REMOVE r.id",
        OTHER,
        "missing",
    ),
    "a relationship moved to another entity": (
        "MATCH (a)-[r:COVERS]->(), (b:Entity {name: 'Cray'}) WITH a, b, r, properties(r) AS p"
        " DELETE r WITH a, b, p CREATE (a)-[s:COVERS]->(b) SET s = p",
        OTHER,
        "misplaced",
    ),
    "a relationship moved to a tombstone": (
        "MATCH (a)-[r:COVERS]->() WITH a, r, properties(r) AS p DELETE r WITH a, p"
        f" CREATE (a)-[s:COVERS]->(:Tombstone {{id: '{NEW}', _v: 1}}) SET s = p",
        OTHER,
        "misplaced",
    ),
    "a relationship buried alive": (
        "MATCH ()-[r:COVERS]->() CREATE (:Tombstone {id: r.id, _v: 50})",
        OTHER,
        "buried",
    ),
    "a relationship removed": ("MATCH ()-[r:COVERS]->() DELETE r", OTHER, "missing"),
    "a relationship turned round": (
        "MATCH (a)-[r:COVERS]->(b) WITH a, b, r, properties(r) AS p DELETE r WITH a, b, p"
        " CREATE (b)-[s:COVERS]->(a) SET s = p",
        OTHER,
        "misplaced",
    ),
    "a relationship of another type": (
        "MATCH (a)-[r:COVERS]->(b) WITH a, b, r, properties(r) AS p DELETE r WITH a, b, p"
        " CREATE (a)-[s:KNOWS]->(b) SET s = p",
        OTHER,
        "misplaced",
    ),
    "a relationship doubled under another type": (
        "MATCH (a)-[r:COVERS]->(b) CREATE (a)-[s:`by hand`]->(b) SET s = properties(r)",
        OTHER,
        "duplicate",
    ),
    "a relationship added": (
        "MATCH (a:Entity {name: 'Ada'}), (b:Entity {name: 'Dust'}) CREATE (a)-[:KNOWS"
        f" {{id: '{NEW}', _v: 1, confidence: 1.0}}]->(b)",
        OTHER,
        "extra",
    ),
}
