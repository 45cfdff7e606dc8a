// An agent that registers as Pending although it has a key: the server does not know the key, and this is reported.

import { assertEquals, assertStringIncludes, fail } from "@std/assert";
import { statusView } from "../../../src/core/view/status_view.ts";
import { whyView } from "../../../src/core/view/why.ts";
import { drive, type Driver, gocdAgent, jobs, offer, ownPending, second, someSettings } from "../../support/core.ts";

function launched(isKeyGiven: boolean): { readonly world: Driver; readonly taskIds: readonly string[] } {
  const settings = someSettings();
  const world = drive({
    profiles: isKeyGiven
      ? settings.profiles.map((each) => ({ ...each, registerKey: "go-agent.auto-register-key" }))
      : settings.profiles,
  });
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const taskIds = [...world.state.instances.keys()];
  for (const taskId of taskIds) world.status(taskId, "TASK_RUNNING");
  world.noted();
  return { world, taskIds };
}

const problems = (world: Driver): string[] =>
  statusView(world.state, world.atMs).problems.map(({ code }) => code).filter((code) => code.includes("key"));

Deno.test("a Pending agent of ours shows a wrong key, once in the log, and on the page until an agent needs no enabling", () => {
  const { world, taskIds: [first = "", other = ""] } = launched(true);
  world.read(ownPending(first), ownPending(other));
  const notes = world.noted().filter(({ code }) => code === "agent-enabling");
  assertEquals(notes.map(({ level }) => level), ["warning", "info"]);
  assertStringIncludes(notes[0]?.text ?? "", "the server does not accept go-agent.auto-register-key");
  assertStringIncludes(notes[0]?.hint ?? "", "agentAutoRegisterKey");
  assertEquals(problems(world), ["wrong-auto-register-key"]);
  // Enabled by us, it proves nothing.
  world.read(gocdAgent(first), ownPending(other));
  assertEquals(problems(world), ["wrong-auto-register-key"]);
});

Deno.test("the key is right again when an agent registers without being enabled", () => {
  const { world, taskIds: [first = "", other = ""] } = launched(true);
  world.read(ownPending(first));
  world.read(gocdAgent(first), gocdAgent(other));
  assertEquals(problems(world), []);
});

Deno.test("without a key a Pending agent is not a problem", () => {
  const { world, taskIds: [first = ""] } = launched(false);
  world.read(ownPending(first));
  const [note] = world.noted().filter(({ code }) => code === "agent-enabling");
  assertEquals(note?.level, "info");
  assertStringIncludes(note?.text ?? "", "is not set");
  assertEquals(problems(world), []);
});

Deno.test("a wrong key is reported with the jobs of its profiles, and of no others", () => {
  const { world, taskIds: [first = ""] } = launched(true);
  world.read(ownPending(first));
  const view = statusView(world.state, world.atMs);
  const [job] = view.jobs;
  const codes = (profile: string | undefined): readonly string[] => {
    const { profile: _, ...rest } = job ?? fail("no job waits");
    const asked = profile === undefined ? rest : { ...rest, profile };
    return whyView(asked, view).problems.map(({ code }) => code);
  };
  assertEquals([codes(job?.profile), codes("other"), codes(undefined)], [["wrong-auto-register-key"], [], []]);
});
