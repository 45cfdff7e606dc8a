// Environments that only our configuration names: asked about with each poll, launched for unless the server lacks them.

import { assertEquals } from "@std/assert";
import { environmentsInQuestion, missingEnvironmentFindings } from "../../../src/core/demand/environments.ts";
import type { AgentProfile, Schedule } from "../../../src/core/settings.ts";
import { drive, linux, minute, serverInfo, someSettings } from "../../support/core.ts";

const warm = (name: string, environments: readonly string[] | "*", minIdle = 1): typeof linux => ({
  ...linux,
  name,
  environments,
  minIdle,
});

Deno.test("only the first environment of each profile with min-idle agents is in question, each once", () => {
  const profiles = [
    linux,
    warm("a", ["prod", "qa"]),
    warm("b", ["prod"]),
    warm("c", "*"),
    warm("d", []),
    warm("e", ["stage"], 0),
    warm("f", ["Prod"]),
  ];
  assertEquals(environmentsInQuestion(someSettings({ profiles })), ["prod", "Prod"]);
});

Deno.test("environments in which a schedule keeps idle agents are always asked about", () => {
  const window = (keeps: Partial<Schedule>): AgentProfile => ({
    ...warm("a", ["prod", "qa"], 0),
    schedules: [{ from: "0 8 * * *", to: "0 18 * * *", timeZone: "UTC", ...keeps }],
  });
  const asked = (keeps: Partial<Schedule>): readonly string[] =>
    environmentsInQuestion(someSettings({ profiles: [window(keeps)] }));
  assertEquals([asked({ minIdle: 2 }), asked({ minIdle: 0 }), asked({ idleTimeoutMs: minute })], [["prod"], [], []]);
  assertEquals(asked({ minIdleOf: { qa: 1, "": 2, stage: 0 } }), ["qa"]);
});

Deno.test("a poll asks about them, and about none if no profile keeps idle agents", () => {
  for (const [profiles, want] of [[[warm("a", ["prod"])], ["prod"]], [[linux], undefined]] as const) {
    const world = drive({ profiles });
    world.wait(2 * minute);
    const asked = world.taken().flatMap((effect) => effect.kind === "poll-gocd" ? [effect.environments] : []);
    assertEquals(asked[0], want);
  }
});

Deno.test("only an environment that the last poll reported as missing holds a launch back; one without a report does not", () => {
  const world = drive({ profiles: [warm("a", ["prod"]), warm("b", ["qa"], 2)] });
  const wantedWith = (missingEnvironments?: readonly string[]): string[] => {
    world.send({
      kind: "gocd-polled",
      server: serverInfo,
      jobs: [],
      agents: [],
      findings: [],
      ...(missingEnvironments === undefined ? {} : { missingEnvironments }),
    });
    return world.state.demand.wanted.map(({ profile, count }) => `${count} ${profile}`);
  };
  assertEquals(wantedWith(["prod"]), ["2 b"]);
  assertEquals(wantedWith(["prod", "qa"]), []);
  assertEquals(wantedWith(), ["1 a", "2 b"]);
  assertEquals(wantedWith(["qa"]), ["1 a"]);
  assertEquals(wantedWith([]), ["1 a", "2 b"]);
});

Deno.test("a finding names the environment, the profile and the key, and what a profile without min-idle agents loses", () => {
  const findings = missingEnvironmentFindings(
    [warm("default", ["x"]), warm("y", ["z", "x"], 0), warm("all", "*")],
    ["x"],
  );
  assertEquals(findings.map(({ code, message, hint }) => [code, message, hint]), [
    [
      "environment-missing",
      'environment "x" of profile "default" is not on the GoCD server: its min-idle agents are not launched',
      "create the environment in GoCD, or correct go-agent.environments",
    ],
    [
      "environment-missing",
      'environment "x" of profile "y" is not on the GoCD server: it gets no jobs from there',
      "create the environment in GoCD, or correct profiles.y.environments",
    ],
  ]);
});
