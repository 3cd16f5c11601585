// Live entities; their type is a second label. Lists and searches are answered by Postgres, which
// has the indexes for them; here entities are looked up by id only.
CREATE CONSTRAINT entity_id IF NOT EXISTS FOR (n:Entity) REQUIRE n.id IS UNIQUE;

// What was deleted, so that a late event cannot bring it back.
CREATE CONSTRAINT tombstone_id IF NOT EXISTS FOR (n:Tombstone) REQUIRE n.id IS UNIQUE;

// Ends of relationships whose entity has not come yet. No query sees them.
CREATE CONSTRAINT awaited_id IF NOT EXISTS FOR (n:Awaited) REQUIRE n.id IS UNIQUE;

// How far the projection is, and the lock that every writer takes.
CREATE CONSTRAINT projection_name IF NOT EXISTS FOR (n:Projection) REQUIRE n.name IS UNIQUE;
