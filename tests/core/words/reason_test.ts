// The words for what no profile serves.

import { assertEquals } from "@std/assert";
import { verdictText } from "../../../src/core/words/reasons.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { drive, job } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

Deno.test("what no profile serves names what is missing, where, and the key to change", () => {
  const profile = (name: string, gocdResources: readonly string[], environments: readonly string[]): AgentProfile =>
    aProfile({ name, gocdResources, environments });
  const plain = profile("default", ["linux"], []);
  const prod = profile("prod", ["windows"], ["prod"]);
  const cases: readonly (readonly [AgentProfile[], readonly string[], string | undefined, string])[] = [
    [
      [plain],
      ["gpu"],
      "x",
      "no profile has resource gpu in environment x: add a profile with it and environment x, or add it to " +
      "go-agent.resources and x to go-agent.environments if its image can build such jobs",
    ],
    [
      [plain],
      ["gpu", "arm"],
      undefined,
      "no profile has resources arm, gpu: add a profile with them, or add them to go-agent.resources if its image can " +
      "build such jobs",
    ],
    [
      [plain],
      ["Docker", "GPU"],
      "qa",
      "no profile has resources Docker, GPU in environment qa: add a profile with them and environment qa, or add them to " +
      "go-agent.resources and qa to go-agent.environments if its image can build such jobs",
    ],
    [
      [plain, profile("any", ["docker"], ["qa"])],
      ["docker", "linux"],
      undefined,
      "no profile has resource docker in addition to linux in no environment: add a profile with it, or add it to " +
      "go-agent.resources if its image can build such jobs",
    ],
    [
      [plain, prod],
      ["windows"],
      undefined,
      "no profile has resource windows in no environment: add a profile with it, or add it to go-agent.resources if its " +
      "image can build such jobs",
    ],
    [
      [prod, plain],
      ["linux"],
      "prod",
      "no profile has resource linux in environment prod: add a profile with it, or add it to profiles.prod.resources if " +
      "its image can build such jobs",
    ],
    [[prod], [], undefined, "no profile takes jobs that are in no environment: add a profile with environments = []"],
    [
      [prod],
      ["gpu"],
      undefined,
      "no profile has resource gpu in no environment: add a profile with it and environments = []",
    ],
    [[plain], [], "prod", "no profile serves environment prod: add it to go-agent.environments"],
    [[plain], ["linux"], "prod", "no profile with linux serves environment prod: add it to go-agent.environments"],
    [[], [], undefined, "no profile is configured"],
  ];
  for (const [profiles, gocdResources, environment, text] of cases) {
    const world = drive({ profiles });
    const asked = { gocdResources, ...(environment === undefined ? {} : { environment }) };
    world.poll({ jobs: [job("j", asked)] });
    const [verdict] = world.state.demand.jobs;
    const said = verdict === undefined ? "none" : verdictText(verdict);
    assertEquals(said.replace(/ \(nearest.*/, ""), text);
  }
});
