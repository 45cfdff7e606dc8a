// Texts for why a new framework is not registered while orphans exist. They are found in identity/orphans.ts.

import type { Orphans, SeenFramework } from "../identity/orphans.ts";
import { counted } from "./phrases.ts";

/** Maximum number of hostnames and task ids named in a line. */
const namedMax = 3;

/** The text for the operator; nothing if there are no orphans. `place` is the state, `configPath` its configuration. */
export function orphansText(
  { frameworks, gocdAgents }: Orphans,
  { place, configPath }: { readonly place: string; readonly configPath: string },
): { readonly message: string; readonly hint: string } | undefined {
  if (frameworks.length === 0 && gocdAgents.length === 0) return undefined;
  const seen = [
    ...frameworks.map((each) =>
      `Mesos has framework ${each.id} of our name (${each.isConnected ? "connected" : "disconnected"}) with ` +
      namedText(each.taskIds, "task")
    ),
    ...(gocdAgents.length === 0 ? [] : [`the GoCD server has ${namedText(gocdAgents, "living agent")}`]),
  ].join("; ");
  return {
    message:
      `the state ${place} is new, but agents like ours already exist: ${seen}; so no new framework is registered`,
    hint: `${firstAct(frameworks, configPath)}; ` +
      `to leave all that alone and register a new framework: \`gocd-mesos state register-anew ${configPath}\``,
  };
}

function firstAct(frameworks: readonly SeenFramework[], configPath: string): string {
  const free = frameworks.filter((each) => !each.isConnected);
  if (free[0] !== undefined) {
    const id = frameworks.length === 1 ? "" : ` ${free[0].id}`;
    return `if the state was lost, continue with that framework: \`gocd-mesos state adopt ${configPath}${id}\``;
  }
  if (frameworks.length > 0) {
    return "another gocd-mesos of this name is running: stop it, or give this one another mesos.name";
  }
  return "if they belong to another gocd-mesos, give the profiles of this one other names; if their framework is " +
    "gone from Mesos, stop and delete them";
}

function namedText(names: readonly string[], what: string): string {
  const more = names.length > namedMax ? ", …" : "";
  return `${counted(names.length, what)} like ours (${names.slice(0, namedMax).join(", ")}${more})`;
}
