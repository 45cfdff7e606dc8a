// The framework.conf that `gocd-mesos init` writes: what was chosen, and the few keys that are changed next.

import { slug } from "../core/identity/task_id.ts";
import { printable } from "./table.ts";

/** Where a secret is: the file never contains one. */
export type SecretPlace =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  /** It was typed, and goes into a file beside the configuration. */
  | { readonly kind: "typed"; readonly name: string; readonly text: string };

/** `password` and `token`: of the GoCD account; `key`: what agents register with; `secret`: of the Mesos principal. */
export type SecretName = "password" | "token" | "key" | "secret";

/** What was chosen so far. */
export interface Draft {
  readonly gocd: string;
  /** The same server as the containers reach it; absent: as `gocd`. */
  readonly agentUrl?: string | undefined;
  /** Absent: a token serves, or the server has no security. */
  readonly user?: string | undefined;
  readonly mesos: string;
  readonly role: string;
  /** Absent: the masters want no login. */
  readonly principal?: string | undefined;
  readonly image: string;
  /** Resources that the image has. */
  readonly resources: readonly string[] | "*";
  /** Environments to serve; an empty name stands for pipelines without an environment. */
  readonly environments: readonly string[] | "*";
  /** Names found on the server. */
  readonly seen: { readonly resources: readonly string[]; readonly environments: readonly string[] };
  readonly secrets: { readonly [name in SecretName]?: SecretPlace | undefined };
}

const namesShown = 20;

/** Names of others, for one line: the first twenty, and how many more there are. */
export function shownNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, namesShown).map(printable).join(", ");
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown;
}

/** The text of the file. */
export function draftText(draft: Draft): string {
  const { gocd, agentUrl, user, mesos, principal, role, image, resources, environments, seen, secrets } = draft;
  const url = agentUrl === undefined ? [] : ["# As the containers reach it.", `agent-url = ${quoted(agentUrl)}`];
  const account = user === undefined ? [] : [`user-name = ${quoted(user)}`];
  const login = [
    ...account,
    ...user === undefined ? secretLines("access-token", secrets.token) : secretLines("password", secrets.password),
  ];
  const key = secretLines("auto-register-key", secrets.key);
  return `# Written by \`gocd-mesos init\`. \`gocd-mesos example-config\` shows every key, \`gocd-mesos help KEY\` one of them.
# Check a change with \`gocd-mesos check\`; a running instance reloads the file automatically.

gocd-mesos {
  mesos-master = ${quoted(mesos)}
  mesos {
    # The Mesos role whose offers are used; * needs no setup.
    role = ${quoted(role)}${
    inside(
      principal === undefined ? [] : [`principal = ${quoted(principal)}`, ...secretLines("secret", secrets.secret)],
    )
  }
  }

  go-server {
    url = ${quoted(gocd)}${inside([...url, ...login.length === 0 ? [] : [administrator], ...login])}
  }

  go-agent {
    docker-image = ${quoted(image)}${inside(key.length === 0 ? keyless : key)}
${resources === "*" ? whateverAsked : whatImageHas}
    # On the server: ${shownNames(seen.resources)}.
    resources = ${namesText(resources)}${
    environments === "*"
      ? inside([
        '# "*": every environment, also those to come, and pipelines without one.',
        `# On the server: ${shownNames(seen.environments)}.`,
        'environments = "*"',
      ])
      : ""
  }
    # Per agent. A container that uses more memory is killed.
    cpus = 1
    mem = 2 GB
  }

${environments === "*" ? noProfiles : profilesText(environments)}

  # A job must wait in more than \`attempts\` polls in a row before an agent is launched.
  poller { interval = 15 seconds, max-interval = 1 minute, attempts = 1 }
  # Agents alive at once, and when an idle one is removed.
  scaling { max-agents = 50, idle-timeout = 10 minutes }
}
`;
}

const administrator = "# An administrator: agents are enabled, disabled and deleted with this account.";
const keyless = [
  "# agentAutoRegisterKey of the server. Without it agents register as Pending, and are enabled one at a time.",
  "# auto-register-key = ${?GOCD_AUTO_REGISTER_KEY}",
];
const whateverAsked = `\
    # "*": an agent registers with the resources of the job that it is launched for, so one profile serves every job.
    # Name them instead where the image cannot build every job.`;
const whatImageHas = "    # What the image can build. Jobs with other resources need a profile with another image.";
const noProfiles = `\
  # Without profiles there is one kind of agents, go-agent. A profile inherits from go-agent what it does not set:
  # profiles { linux { resources = ["linux"] }, prod { environments = ["prod"], max-agents = 5 } }`;
const profileNameMax = 24;

/** A profile for each environment, under a name that no other one has in task ids. */
function profilesText(environments: readonly string[]): string {
  const taken = new Set<string>();
  const profiles = environments.map((environment) => {
    const stem = environment === "" ? "plain" : environment.replaceAll(".", "-").slice(0, profileNameMax);
    let name = stem;
    // In front: task ids have only the beginning of a name.
    for (let number = 2; taken.has(slug(name)); number++) name = `${number}-${stem}`;
    taken.add(slug(name));
    return environment === ""
      ? `    ${name} {}  # pipelines without an environment`
      : `    ${name} { environments = ${namesText([environment])} }`;
  });
  return `  # One profile for each environment, so that each can have limits and an image of its own.
  profiles {
${profiles.join("\n")}
  }`;
}

function secretLines(key: string, place: SecretPlace | undefined): readonly string[] {
  switch (place?.kind) {
    case undefined:
      return [];
    case "variable":
      return [`${key} = \${?${place.name}}  # from the environment of gocd-mesos`];
    case "file":
      return [`${key}-file = ${quoted(place.path)}`];
    case "typed":
      return [`${key}-file = ${quoted(place.name)}  # beside this file, for its owner only`];
    default:
      return place satisfies never;
  }
}

function namesText(names: readonly string[] | "*"): string {
  return names === "*" ? '"*"' : `[${names.map(quoted).join(", ")}]`;
}

/** HOCON quotes as JSON does. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** More lines of a section. */
function inside(lines: readonly string[]): string {
  return lines.map((line) => `\n    ${line}`).join("");
}
