// What a program does with the client that was generated: node smoke.ts URL EMAIL PASSWORD
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

declare const process: { argv: string[] };
type Problem = components["schemas"]["Problem"];

function must<T>(told: { data?: T; error?: unknown; response: Response }): T {
  if (told.data === undefined) {
    throw new Error(`${told.response.status}: ${JSON.stringify(told.error)}`);
  }
  return told.data;
}

function same(is: unknown, wanted: unknown): void {
  if (is !== wanted) throw new Error(`it is ${String(is)}, not ${String(wanted)}`);
}

function refused(told: { error?: Problem; response: Response }, status: number): Problem {
  same(told.response.status, status);
  same(told.response.headers.get("Content-Type"), "application/problem+json");
  if (told.error === undefined) throw new Error("a refusal without a problem");
  same(told.error.status, status);
  return told.error;
}

const [baseUrl = "", email = "", password = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });
refused(await client.GET("/api/v1/me"), 401);
const tokens = must(await client.POST("/api/v1/auth/login", { body: { email, password } }));
const headers = { Authorization: `Bearer ${tokens.access_token}` };
const known = createClient<paths>({ baseUrl, headers });

const body = { name: "Generated TypeScript", type: "product", key: "generated-ts" } as const;
const created = await known.POST("/api/v1/entities", { body });
const made = must(created);
const path = { entity_id: made.id };
const one = "/api/v1/entities/{entity_id}";
same(must(await known.GET(one, { params: { path } })).name, body.name);
const page = must(await known.GET("/api/v1/entities", { params: { query: { limit: 200, sort: "-id" } } }));
same(page.items.filter(({ id }) => id === made.id).length, 1);

const found = created.response.headers.get("ETag") ?? "";
const meant = { params: { path, header: { "If-Match": found } } };
const patched = await known.PATCH(one, { ...meant, body: { name: "Renamed" } });
const changed = must(patched);
same(changed.name, "Renamed");
same(changed.version, made.version + 1);
refused(await known.PATCH(one, { ...meant, body: { name: "Late" } }), 412);

const wrong = refused(await known.GET("/api/v1/entities", { params: { query: { limit: 1000 } } }), 422);
const fault = wrong.errors?.[0];
if (fault === undefined || !("pointer" in fault)) throw new Error("no fault is named");
same(fault.pointer, "/limit");

const now = patched.response.headers.get("ETag") ?? "";
const gone = await known.DELETE(one, { params: { path, header: { "If-Match": now } } });
same(gone.response.status, 204);
refused(await known.GET(one, { params: { path } }), 404);

const feed = { name: "Generated TypeScript", url: "https://ts.example.org/feed.xml" };
const source = must(await known.POST("/api/v1/sources", { body: feed }));
same(source.schedule.kind, "interval");
console.log("smoke passed");
