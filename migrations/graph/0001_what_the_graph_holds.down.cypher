// The nodes stay: they are Postgres' to remove, by `groundwork graph rebuild`.
DROP CONSTRAINT entity_id IF EXISTS;
DROP CONSTRAINT tombstone_id IF EXISTS;
DROP CONSTRAINT awaited_id IF EXISTS;
DROP CONSTRAINT projection_name IF EXISTS;
