// What an agent registers with, which Pending record is enabled, and what a record must have: each at its limits.

import { assertEquals } from "@std/assert";
import { admissible } from "../../../src/core/identity/admission.ts";
import type { BucketAssessment } from "../../../src/core/demand/assess.ts";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import type { InstanceIn, Registered, Waiting } from "../../../src/core/instance.ts";
import { besideOf, launchRegistration } from "../../../src/core/demand/launch_registration.ts";
import { trackGap } from "../../../src/core/identity/misregistered.ts";
import {
  finished,
  gocdAgent,
  job,
  linesOf,
  linux,
  minute,
  pending,
  second,
  serverInfo,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt as at, stateOf } from "../instance_fixtures.ts";

const assessed = (requested: ReturnType<typeof job>, changes: Partial<BucketAssessment> = {}): BucketAssessment => {
  const [bucket] = bucketJobs([requested], someSettings().poller, "insensitive").buckets;
  if (bucket === undefined) throw new Error("no bucket");
  return {
    bucket,
    choice: { kind: "serves", profile: any },
    otherCauses: new Map(),
    newlyPassed: new Map(),
    explained: new Map(),
    willBeTaken: 0,
    coming: 0,
    rest: 1,
    idleNames: [],
    comingNames: [],
    ...changes,
  };
};
const any = { ...linux, name: "any", gocdResources: "*" as const };

Deno.test("an agent of a profile with a pattern gets its names, and those of the job and of the other waiting jobs", () => {
  const jdks = { ...linux, name: "jdks", gocdResources: ["Linux", "jdk-*"] };
  const asks = (...gocdResources: readonly string[]): BucketAssessment =>
    assessed(job(gocdResources.join("-"), { gocdResources }), { choice: { kind: "serves", profile: jdks } });
  const registered = (own: BucketAssessment, ...others: readonly BucketAssessment[]): readonly string[] =>
    launchRegistration(jdks, own, { beside: besideOf([own, ...others]), rule: "insensitive" }).gocdResources;
  assertEquals(registered(asks("jdk-17")), ["Linux", "jdk-17"]);
  assertEquals(registered(asks()), ["Linux"]);
  assertEquals(registered(asks("linux"), asks("jdk-21")), ["jdk-21", "linux"]);
  assertEquals(registered(asks("jdk-17"), asks("jdk-21")), ["Linux", "jdk-17"]);
});

Deno.test("an agent that is launched while no other job waits gets the resources of its own job", () => {
  const own = assessed(job("a", { gocdResources: ["gpu", "jdk-17"] }));
  const { gocdResources } = launchRegistration(any, own, { beside: besideOf([]), rule: "insensitive" });
  assertEquals(gocdResources, ["gpu", "jdk-17"]);
});

Deno.test("an agent of a profile that names its resources registers with them as they are written", () => {
  const named = { ...linux, gocdResources: ["Linux", "docker"] };
  const own = assessed(job("a", { gocdResources: ["linux"] }), { choice: { kind: "serves", profile: named } });
  const { gocdResources } = launchRegistration(named, own, { beside: besideOf([own]), rule: "insensitive" });
  assertEquals(gocdResources, ["Linux", "docker"]);
});

Deno.test("only jobs that require everything that the agent's own job requires add to its resources, including older ones", () => {
  const asks = (...names: readonly string[]): BucketAssessment =>
    assessed(job(names.join("-"), { gocdResources: names }));
  const [own, older, half, other, younger] = [
    asks("a", "b"),
    asks("a", "b", "e"),
    asks("a", "c"),
    asks("b", "d"),
    asks("a", "b", "f"),
  ] as const;
  const registered = (...all: readonly BucketAssessment[]): string =>
    launchRegistration(any, own, { beside: besideOf(all), rule: "insensitive" }).gocdResources.join();
  assertEquals(registered(older, half, other, own, younger), "a,b,e,f");
  assertEquals([registered(own, half, other), registered(older, own)], ["a,b", "a,b,e"]);
});

Deno.test("an agent of a profile for all resources also gets those of other jobs that could take it", () => {
  const asks = (...names: readonly string[]): ReturnType<typeof job> => job(names.join("-"), { gocdResources: names });
  const own = assessed(asks("linux"));
  const registered = (...others: readonly BucketAssessment[]): readonly string[] =>
    launchRegistration(any, own, { beside: besideOf([own, ...others]), rule: "insensitive" }).gocdResources;
  assertEquals(registered(assessed(asks("Linux", "docker"))), ["docker", "linux"]);
  assertEquals(registered(assessed(asks("docker"))), ["linux"]);
  assertEquals(registered(assessed(asks("linux", "docker"), { rest: 0 })), ["linux"]);
  assertEquals(registered(assessed(asks("linux", "docker"), { rest: 0, coming: 1 })), ["docker", "linux"]);
  assertEquals(registered(assessed(asks("linux", "docker"), { rest: 0, willBeTaken: 1 })), ["docker", "linux"]);
  assertEquals(registered(assessed(asks("linux", "docker"), { choice: { kind: "no-profiles" } })), ["linux"]);
  assertEquals(registered(assessed(asks("linux", "docker"), { choice: { kind: "serves", profile: linux } })), [
    "linux",
  ]);
  assertEquals(registered(assessed(job("x", { gocdResources: ["linux", "docker"], environment: "prod" }))), ["linux"]);
  assertEquals(launchRegistration(linux, own, { beside: besideOf([own]), rule: "insensitive" }), {
    gocdResources: ["linux"],
  });
  const inProd = assessed(job("y", { environment: "Prod" }));
  assertEquals(launchRegistration(any, inProd, { beside: besideOf([inProd]), rule: "insensitive" }), {
    gocdResources: ["linux"],
    environment: "Prod",
  });
});

const waiting = anInstance("t", { state: "starting", runningSinceMs: zeroMs }) as InstanceIn<"starting">;
const launching = anInstance("t", { state: "launching" }) as InstanceIn<"launching">;
const claimed = gocdAgent("t", { ...pending, uuid: "a" });
const own = gocdAgent("t", { ...pending, uuid: "b", proof: "given" });

/** The uuid of the record that is admitted. */
function admitted(instance: Waiting, records: readonly GocdAgent[], isTold = false): string | undefined {
  const state = stateOf([]);
  const profiles = state.settings.profiles.map((each) => ({ ...each, name: instance.profile }));
  const withKey = profiles.map((each) => ({ ...each, registerKey: "go-agent.auto-register-key" }));
  const settings = { ...state.settings, profiles: isTold ? withKey : profiles };
  return admissible({ ...state, settings }, instance, records)?.uuid;
}

Deno.test("only the one Pending record that is proven to be an instance's is admitted, with a key and without", () => {
  for (const marks of [{ needsProof: true }, { adopted: true }] as const) {
    for (const instance of [{ ...waiting, ...marks }, { ...launching, ...marks }]) {
      assertEquals(admitted(instance, [claimed]), undefined);
      assertEquals(admitted(instance, [claimed, own]), "b");
      assertEquals(admitted(instance, [claimed, own], true), "b");
      assertEquals(admitted(instance, []), undefined);
    }
  }
});

Deno.test("of two Pending records that know the name of one container, neither is admitted, but enabling that has started continues", () => {
  const copied = gocdAgent("t", { ...pending, uuid: "c", proof: "given" });
  const instance: InstanceIn<"starting"> = { ...waiting, needsProof: true };
  assertEquals(admitted(instance, [copied, own]), undefined);
  assertEquals(admitted({ ...instance, pendingUuid: "b" }, [copied, own]), "b");
});

Deno.test("an instance that an earlier version launched is admitted by its name, with a key once its container runs", () => {
  assertEquals([admitted(waiting, [claimed]), admitted(launching, [claimed])], ["a", "a"]);
  assertEquals([admitted(waiting, [claimed], true), admitted(launching, [claimed], true)], ["a", undefined]);
  const { runningSinceMs: _, ...pulling } = waiting;
  assertEquals([admitted(pulling, [claimed], true), admitted(waiting, [])], [undefined, undefined]);
});

const lacking = anInstance("t", {
  state: "registered",
  uuid: "uuid-t",
  activity: { kind: "idle", sinceMs: zeroMs },
  gap: { sinceMs: zeroMs },
}, { gocdResources: ["linux", "docker"] }) as Registered;

/** What follows from a list that shows the record of an agent which lacks something. */
function looked(
  afterMs: number,
  record: Partial<GocdAgent>,
  { instance = lacking, asks = {} as Record<string, number>, maintenance = "off" as "on" | "off" } = {},
): string {
  const server = { lastRequestMs: new Map(Object.entries(asks)), info: { ...serverInfo, maintenance } };
  const draft = at(zeroMs + afterMs, [instance], server);
  const after = trackGap(draft, instance, indexGocdAgents([gocdAgent("t", record)]));
  const { effects, notes } = finished(draft);
  assertEquals(notes.length <= 1, true);
  return [
    after.retire ?? (after.gap === undefined ? "whole" : "lacks"),
    ...effects.map(({ kind }) => kind),
    ...notes.map(({ code }) => code),
  ].join(" ");
}

Deno.test("an incomplete record is corrected ten seconds after it is first seen, and is a failure thirty seconds later", () => {
  assertEquals([looked(10 * second - 1, {}), looked(10 * second, {})], [
    "lacks",
    "lacks correct-gocd-agent agent-corrected",
  ]);
  assertEquals(looked(minute, { gocdResources: ["Docker", "linux", "more"] }), "whole");
  assertEquals([looked(minute, { configState: "Disabled" }), looked(minute, {}, { maintenance: "on" })], [
    "lacks",
    "lacks",
  ]);
  assertEquals(looked(minute, {}, { asks: { "uuid-t": zeroMs + 31 * second } }), "lacks");
  const fromRepo = [{ name: "Prod", origin: "config-repo" }] as const;
  assertEquals(
    looked(minute, { environments: fromRepo }, { instance: { ...lacking, environment: "prod" } }),
    "lacks correct-gocd-agent agent-corrected",
  );
  const repaired = { ...lacking, gap: { sinceMs: zeroMs, repairMs: zeroMs + 10 * second } };
  assertEquals(looked(40 * second - 1, {}, { instance: repaired }), "lacks");
  assertEquals(looked(40 * second, {}, { instance: repaired }), "surplus agent-misregistered");
});

Deno.test("a gap that no change of a record can fix is a failure the first time it counts, with what to do instead", () => {
  const after = (
    environment: string | undefined,
    environments: GocdAgent["environments"],
    others: readonly GocdAgent[] = [],
  ): string => {
    const instance = environment === undefined ? lacking : { ...lacking, environment };
    const draft = at(zeroMs + 10 * second, [instance], { agents: others });
    trackGap(draft, instance, indexGocdAgents([gocdAgent("t", { environments })]));
    const [note] = linesOf(draft);
    return `${note?.code}: ${note?.hint?.slice(0, note.code === "agent-corrected" ? 30 : undefined)}`;
  };
  const corrected = "agent-corrected: set its auto-register key (go-";
  assertEquals(
    after(undefined, [{ name: "Prod", origin: "config-repo" }]),
    "agent-misregistered: a config repository puts it into environment Prod, which the agents API cannot change: change it there",
  );
  assertEquals(after(undefined, [{ name: "Prod", origin: "gocd" }]), corrected);
  assertEquals(
    after("prod", [{ name: "prod", origin: "unknown" }]),
    "agent-misregistered: create the environment prod in GoCD",
  );
  assertEquals(after("prod", [{ name: "other", origin: "unknown" }]), corrected);
  const inRepo = gocdAgent("x", { environments: [{ name: "PROD", origin: "config-repo" }] });
  assertEquals(
    after("prod", [], [inRepo]),
    "agent-misregistered: environment prod comes from a config repository, so the agents API cannot put an agent into it: check that the image passes on AGENT_AUTO_REGISTER_ENVIRONMENTS (or AGENT_ENVIRONMENTS)",
  );
  assertEquals(after("test", [], [inRepo]), corrected);
});
