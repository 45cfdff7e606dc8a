// Whether a profile fits the hosts of a cluster.

import { assertEquals } from "@std/assert";
import { fitOn } from "../../../src/core/placement/fit.ts";
import { minute, offer } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const profile = aProfile({ name: "linux" });
const far = 1_000 * minute;

Deno.test("each host that has room for an agent counts once", () => {
  assertEquals(fitOn(profile, [offer("h1"), offer("h2"), offer("h3", { cpus: 0.001 })], 0), { hosts: 2 });
});

Deno.test("if no host has room for an agent, the nearest miss is reported", () => {
  const { hosts, miss } = fitOn(profile, [offer("h1", { cpus: 0.1 }), offer("h2", { cpus: 0.2 })], 0);
  assertEquals([hosts, miss?.nearest?.hostname, miss?.nearest?.shortfalls.map(({ name }) => name)], [0, "h2", [
    "cpus",
  ]]);
  assertEquals(fitOn(profile, [], 0), { hosts: 0, miss: {} });
});

Deno.test("only an open maintenance window prevents a launch", () => {
  const soon = { ...offer("h1"), unavailability: { startMs: far } };
  assertEquals(fitOn(profile, [soon], 0).hosts, 1);
  assertEquals(fitOn(profile, [soon], far).hosts, 0);
});
