// What the agents of a scenario call themselves, and the addresses of their containers. Has dice of its own, so that
// other stories stay as they are.

import type { AgentProfile, Settings } from "../../src/core/settings.ts";
import type { Dice } from "./scenario_dice.ts";

/**
 * `task`: as they are told. `full`: by the full name of a container with a domain. `random`: by a name that the JVM makes up
 * (`unknown-host-N`, GoCD SystemUtil). `fixed`: all by one name, as an image may have it.
 */
export type Naming = "task" | "full" | "random" | "fixed";

/** Names, addresses and records of the agents. */
export interface AgentNames {
  readonly naming: Naming;
  /** Containers are in a network that gives each its own address; else on Docker's bridge, or their host's. */
  readonly hasOwnAddress: boolean;
  /** Odds that a record is listed without its environments at first. */
  readonly halfMade: number;
}

/** Agents as they are told to be. */
export const plainNames: AgentNames = { naming: "task", hasOwnAddress: false, halfMade: 0 };

/** Draws them; most agents are called as they are told. */
export function drawNames(draw: Dice): AgentNames {
  return {
    naming: draw.pick(["task", "task", "task", "task", "full", "full", "random", "fixed"] as const),
    hasOwnAddress: draw.chance(0.4),
    halfMade: draw.pick([0, 0.05, 0.5]),
  };
}

/** Whether an agent's name does not say whose it is. */
export function isNamelessName({ naming }: AgentNames): boolean {
  return naming === "random" || naming === "fixed";
}

/** Whether nobody can tell whose an agent is: its name says nothing, and other containers have its address, too. */
export function isNameless(names: AgentNames): boolean {
  return isNamelessName(names) && !names.hasOwnAddress;
}

/** The settings of containers in a network of this kind. */
export function inNetwork(settings: Settings, { hasOwnAddress }: AgentNames): Settings {
  if (!hasOwnAddress) return settings;
  const profiles = settings.profiles.map((profile): AgentProfile => ({
    ...profile,
    container: { ...profile.container, network: { mode: "USER", name: "build-net" } },
  }));
  return { ...settings, profiles };
}

/** The settings of containers that Docker names: of others nothing proves a Pending record. */
export function namedByDocker(settings: Settings): Settings {
  const profiles = settings.profiles.map(({ container, ...profile }): AgentProfile => ({
    ...profile,
    container: {
      ...container,
      type: "DOCKER",
      network: container.network.mode === "USER" ? container.network : { mode: "BRIDGE" },
    },
  }));
  return { ...settings, profiles };
}

/** What the agent in a container calls itself; undefined: as it is told. */
export function ownNameOf(taskId: string, naming: Naming, draw: Dice): string | undefined {
  switch (naming) {
    case "task":
      return undefined;
    case "full":
      return `${taskId}.ci.example.com`;
    case "random":
      return `unknown-host-${draw.between(0, 999)}`;
    case "fixed":
      return "mesos-build-agent";
    default:
      return naming satisfies never;
  }
}
