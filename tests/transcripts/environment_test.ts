// A missing environment of a profile's min-idle agents: reported in log, page and metrics, and launched for once it
// exists. It concerns no job, so no verdict names it.

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

Deno.test("min-idle agents of a missing environment are not launched, as shown by log, page and metrics", async () => {
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

Deno.test("the agents of an environment that is created later are wanted within about a minute", async () => {
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
    ["of a server up to 16.6", { version: "16.6.0" }, undefined],
    ["of a server that responds with an error", {}, "environments"],
  ] as const
) {
  Deno.test(`a missing list of environments does not stop launches: ${name}`, async () => {
    const situation = its(options);
    if (spoil !== undefined) situation.gocd.inject({ kind: "status", status: 500 }, 1_000, spoil);
    await situation.pass(minute);
    assertEquals(wanted(situation), ["2 warm prdo"]);
    assertEquals(situation.notes.filter(({ code }) => code === "environment-missing"), []);
  });
}

Deno.test("a profile with a missing environment does not stop other profiles", async () => {
  const situation = its();
  const locator = situation.schedule();
  await situation.pass(minute);
  assertEquals(wanted(situation), ["1 default undefined"]);
  const reason = situation.world.state.demand.jobs.find((job) => job.locator === locator)?.reason.kind;
  assertEquals(reason, "launching");
});

Deno.test("environments are not requested if no profile keeps idle agents in one", async () => {
  const situation = its({ profiles: [linux, { ...warm, minIdle: 0 }, { ...linux, name: "bare", minIdle: 1 }] });
  await situation.pass(5 * minute);
  assertEquals(situation.gocd.tally.requests.get("environments"), undefined);
});
