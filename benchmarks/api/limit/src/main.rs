//! The entities API with axum and tokio-postgres: the same endpoints, SQL and answers as the peers.
//!
//! Environment: PEER_DATABASE_URL, PUBLIC_KEY (Ed25519, base64url), PORT. Two threads, 20
//! connections; each token's signature is checked.

use axum::extract::{Path, Query, State};
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};
use uuid::Uuid;

const READ: &str = include_str!("../../sql/read.sql");
const LIST: &str = include_str!("../../sql/list.sql");
const CREATE: &str = include_str!("../../sql/create.sql");
const PATCH: &str = include_str!("../../sql/patch.sql");
const CONNECTIONS: usize = 40;
const TYPES: [&str; 9] = [
    "person", "organization", "location", "event", "product", "work", "topic", "website", "other",
];

struct App {
    pool: Pool,
    key: VerifyingKey,
}

type Shared = State<Arc<App>>;
type Answer = Result<Response, StatusCode>;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    #[serde(rename = "jti")]
    _jti: Uuid,
    #[serde(rename = "iat")]
    _iat: u64,
    exp: u64,
}

#[derive(Deserialize)]
struct Listing {
    r#type: String,
    #[serde(default = "fifty")]
    limit: i32,
}

fn fifty() -> i32 {
    50
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NewEntity {
    name: String,
    r#type: String,
    #[serde(default = "one")]
    confidence: f64,
    key: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EntityPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aliases: Option<Vec<String>>,
}

async fn read(app: Shared, Path(id): Path<Uuid>, headers: HeaderMap) -> Answer {
    caller(&app, &headers)?;
    let rows = run(&app, READ, &[&id]).await?;
    let row = rows.first().ok_or(StatusCode::NOT_FOUND)?;
    Ok(shown(StatusCode::OK, row.get(0), row.get(1), None))
}

async fn list(app: Shared, Query(asked): Query<Listing>, headers: HeaderMap) -> Answer {
    caller(&app, &headers)?;
    let rows = run(&app, LIST, &[&asked.r#type, &asked.limit]).await?;
    let limit = asked.limit as usize;
    let items: Vec<&str> = rows.iter().take(limit).map(|row| row.get(1)).collect();
    let more = match rows.len() > limit {
        true => format!("\"{}\"", rows[limit - 1].get::<_, &str>(0)),
        false => "null".to_string(),
    };
    let body = format!("{{\"items\":[{}],\"next_cursor\":{more}}}", items.join(","));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

async fn create(app: Shared, headers: HeaderMap, Json(new): Json<NewEntity>) -> Answer {
    let user = caller(&app, &headers)?;
    let named = (1..=1_000).contains(&new.name.chars().count());
    if !named || !TYPES.contains(&new.r#type.as_str()) || !(0.0..=1.0).contains(&new.confidence) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let rows = run(&app, CREATE, &[&json(&new)?, &user.to_string()]).await?;
    let place = format!("/api/v1/entities/{}", rows[0].get::<_, &str>(2));
    Ok(shown(StatusCode::CREATED, rows[0].get(0), rows[0].get(1), Some(place)))
}

async fn patch(
    app: Shared,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(patch): Json<EntityPatch>,
) -> Answer {
    let user = caller(&app, &headers)?;
    if patch.confidence.is_some_and(|given| !(0.0..=1.0).contains(&given)) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let tag = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let expected = tag.and_then(|text| text.trim_matches('"').parse::<i64>().ok());
    let version = expected.ok_or(StatusCode::PRECONDITION_REQUIRED)?;
    let rows = run(&app, PATCH, &[&id, &version, &json(&patch)?, &user.to_string()]).await?;
    let before: Option<i64> = rows[0].get(0);
    let body: Option<&str> = rows[0].get(1);
    match (before, body) {
        (None, _) => Err(StatusCode::NOT_FOUND),
        (_, None) => Err(StatusCode::PRECONDITION_FAILED),
        (Some(version), Some(body)) => Ok(shown(StatusCode::OK, version + 1, body, None)),
    }
}

fn shown(status: StatusCode, version: i64, body: &str, place: Option<String>) -> Response {
    let tag = format!("\"{version}\"");
    let kind = "application/json".to_string();
    let mut headers = vec![(header::CONTENT_TYPE, kind), (header::ETAG, tag)];
    headers.extend(place.map(|place| (header::LOCATION, place)));
    let mut response = (status, body.to_owned()).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("visible ASCII"));
    }
    response
}

fn json<T: Serialize>(value: &T) -> Result<String, StatusCode> {
    serde_json::to_string(value).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)
}

async fn run(
    app: &App,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StatusCode> {
    let failed = |error: &dyn std::fmt::Display| {
        eprintln!("{error}");
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let client = app.pool.get().await.map_err(|error| failed(&error))?;
    let statement = client.prepare_cached(sql).await.map_err(|error| failed(&error))?;
    client.query(&statement, parameters).await.map_err(|error| failed(&error))
}

/// Verify the bearer token as the peers do: signature, issuer, audience, end. Return the user.
fn caller(app: &App, headers: &HeaderMap) -> Result<Uuid, StatusCode> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| verified(app, token))
        .ok_or(StatusCode::UNAUTHORIZED)
}

fn verified(app: &App, token: &str) -> Option<Uuid> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (_, payload) = signed.split_once('.')?;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    app.key.verify_strict(signed.as_bytes(), &signature).ok()?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let ours = claims.iss == "groundwork" && claims.aud == "groundwork" && claims.exp > now;
    ours.then_some(claims.sub)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let config = variable("PEER_DATABASE_URL").parse().expect("PEER_DATABASE_URL");
    let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, fast);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build().expect("the pool");
    let key = URL_SAFE_NO_PAD.decode(variable("PUBLIC_KEY")).expect("PUBLIC_KEY");
    let key = VerifyingKey::try_from(key.as_slice()).expect("PUBLIC_KEY");
    let routes = Router::new()
        .route("/api/v1/entities", get(list).post(create))
        .route("/api/v1/entities/{id}", get(read).patch(patch))
        .route("/openapi.json", get(|| async { "{}" }))
        .with_state(Arc::new(App { pool, key }));
    let address = format!("127.0.0.1:{}", variable("PORT"));
    let listener = tokio::net::TcpListener::bind(address).await.expect("the port");
    axum::serve(listener, routes).await.expect("the server");
}
