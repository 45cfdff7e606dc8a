// A missing environment of a profile's min-idle agents: reported in the log, on the page and in the
// metrics, launched for as soon as it is there. No job is about it, so no verdict names it.

import { assert, assertEquals } from "@std/assert";
import { statusView } from "../../src/core/view/status_view.ts";
import { minute, second } from "../support/core.ts";
import { type Situation, situation, type SituationOptions } from "../support/situation.ts";
import { metricsOf, pageOf } from "../support/transcript.ts";
import { linux, offer } from "./arrange.ts";

const warm = { ...linux, name: "warm", minIdle: 2, environments: ["prdo", "qa"] };
const told = 'environment "prdo" of profile "warm" is not on the GoCD server: its min-idle agents are not launched';

function its(options: SituationOptions = {}): Situation {
  return situation({ profiles: [linux, warm], ...options });
}

function wanted({ world }: Situation): string[] {
  return world.state.demand.wanted.map(({ profile, environment, count }) => `${count} ${profile} ${environment}`);
}

Deno.test("min-idle agents of an environment that the server does not have are not launched, and all places say so", async () => {
  const situation = its();
  await situation.pass(5 * minute);
  assertEquals(wanted(situation), []);
  assertEquals(
    situation.notes.filter(({ code }) => code === "environment-missing").map(({ text, hint }) => [text, hint]).at(-1),
    [told, "create the environment in GoCD, or correct profiles.warm.environments"],
  );
  const view = statusView(situation.world.state, situation.world.atMs);
  assert(pageOf(view).includes(told));
  assertEquals(metricsOf(view), ['gocd_mesos_problems{code="environment-missing"} 1']);
  // Asked at most once a minute.
  const asked = situation.gocd.tally.requests.get("environments") ?? 0;
  assert(asked >= 4 && asked <= 5, String(asked));
});

Deno.test("an environment created later is noticed within a minute, and the agents are launched", async () => {
  const situation = its();
  await situation.pass(minute);
  situation.gocd.addEnvironment({ name: "PRDO", origin: "config-repo" });
  await situation.pass(minute + 10 * second);
  assertEquals(wanted(situation), ["2 warm prdo"]);
  assertEquals(metricsOf(statusView(situation.world.state, situation.world.atMs)), []);
  situation.world.offers(offer("h1"));
  assertEquals([...situation.world.state.instances.values()].map(({ environment }) => environment), ["prdo", "prdo"]);
});

for (
  const [name, options, spoil] of [
    ["a server up to 16.6, which has no such list", { version: "16.6.0" }, undefined],
    ["a server that fails to answer", {}, "environments"],
  ] as const
) {
  Deno.test(`what cannot be reported stops no launch: ${name}`, async () => {
    const situation = its(options);
    if (spoil !== undefined) situation.gocd.inject({ kind: "status", status: 500 }, 1_000, spoil);
    await situation.pass(minute);
    assertEquals(wanted(situation), ["2 warm prdo"]);
    assertEquals(situation.notes.filter(({ code }) => code === "environment-missing"), []);
  });
}

Deno.test("other profiles are launched as usual despite one whose environment is missing", async () => {
  const situation = its();
  const locator = situation.schedule();
  await situation.pass(minute);
  assertEquals(wanted(situation), ["1 default undefined"]);
  const reason = situation.world.state.demand.jobs.find((job) => job.locator === locator)?.reason.kind;
  assertEquals(reason, "launching");
});

Deno.test("no profile keeps idle agents in an environment: the server is never asked for its environments", async () => {
  const situation = its({ profiles: [linux, { ...warm, minIdle: 0 }, { ...linux, name: "bare", minIdle: 1 }] });
  await situation.pass(5 * minute);
  assertEquals(situation.gocd.tally.requests.get("environments"), undefined);
});
