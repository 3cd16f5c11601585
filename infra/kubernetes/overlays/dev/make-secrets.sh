#!/bin/sh
# Write new secrets for the overlay dev. They belong to its databases: do not run it again for them.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "secrets are there already"; exit 1; }
umask 077
mkdir secrets
new() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
owner=$(new) functions=$(new) graph=$(new)
cat > secrets/groundwork.env <<END
DATABASE_URL=postgresql://groundwork_app:$functions@postgres:5432/groundwork
NEO4J_PASSWORD=$graph
GROUNDWORK_HOST_TOKEN=$(new)
GROUNDWORK_METRICS_TOKEN=$(new)
END
cat > secrets/owner.env <<END
GROUNDWORK_MIGRATION_DATABASE_URL=postgresql://groundwork:$owner@postgres:5432/groundwork
GROUNDWORK_ADMIN_PASSWORD=$(new)
END
echo "POSTGRES_PASSWORD=$owner" > secrets/postgres.env
echo "NEO4J_AUTH=neo4j/$graph" > secrets/neo4j.env
