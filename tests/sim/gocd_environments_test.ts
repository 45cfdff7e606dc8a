// GET /api/admin/environments of the simulated GoCD server, by release: media types, permissions, fields, errors.

import { assertEquals } from "@std/assert";
import { ask, basic, job, json, server, users } from "./gocd_support.ts";

const path = "GET /go/api/admin/environments";
const type = (version: string): string => `application/vnd.go.cd${version === "" ? "" : `.${version}`}+json`;

/** By release: what each Accept is answered with, and what one who is no administrator gets. */
const releases: readonly {
  readonly version: string;
  readonly served: readonly string[];
  readonly refused: readonly string[];
  readonly guest: number | undefined;
}[] = [
  { version: "15.2.0", served: [], refused: ["v1", "v2", "v3", ""], guest: undefined },
  { version: "16.6.0", served: [], refused: ["v1", "v2", "v3", ""], guest: undefined },
  { version: "16.7.0", served: ["v1"], refused: ["v2", "v3", ""], guest: 403 },
  { version: "17.3.0", served: ["v1", "v2"], refused: ["v3", ""], guest: 403 },
  { version: "18.10.0", served: ["v2"], refused: ["v1", "v3", ""], guest: 403 },
  { version: "19.8.0", served: ["v2", ""], refused: ["v1", "v3"], guest: 403 },
  { version: "20.8.0", served: ["v3", ""], refused: ["v1", "v2"], guest: 200 },
  { version: "26.1.0", served: ["v3", ""], refused: ["v1", "v2"], guest: 200 },
];

for (const { version, served, refused, guest } of releases) {
  Deno.test(`GoCD ${version} lists its environments only for the Accept of its era`, () => {
    const model = server(version, { environments: [{ name: "Prod", origin: "config-repo" }], security: users });
    const root = basic("root", "sesame");
    for (const each of served) {
      const got = ask(model, path, { ...root, accept: type(each) });
      assertEquals(got.status, 200, each);
      assertEquals(got.headers["content-type"], `${type(each === "" ? served[0] ?? "" : each)};charset=utf-8`);
      assertEquals(json(got)._embedded.environments.map(({ name }: { name: string }) => name), ["Prod"]);
      assertEquals("agents" in json(got)._embedded.environments[0], version < "19.9");
    }
    for (const each of refused) assertEquals(ask(model, path, { ...root, accept: type(each) }).status, 404, each);
    assertEquals(ask(model, path, { ...root, accept: "application/json" }).status, 404);
    assertEquals(ask(model, path, { accept: type(served[0] ?? "v1") }).status, 401);
    if (guest === undefined) return;
    const little = ask(model, path, { ...basic("guest", "guest"), accept: type(served[0] ?? "") });
    assertEquals(little.status, guest);
    if (guest === 200) assertEquals(json(little)._embedded.environments, []);
  });
}

Deno.test("an environment is added with the first job of its pipeline, and can be removed", () => {
  const model = server("26.1.0");
  job(model, "shop", { environment: "prod" });
  const names = (): string[] =>
    json(ask(model, path, { accept: type("") }))._embedded.environments.map(({ name }: { name: string }) => name);
  assertEquals(names(), ["prod"]);
  model.removeEnvironment("PROD");
  assertEquals(names(), []);
});
