// `gocd-mesos init`: asks for the few values that framework.conf needs, tries each as soon as it is known, and writes
// the file.

import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config_error.ts";
import { isLoopback } from "../config/connections.ts";
import { pathBeside } from "../config/hocon.ts";
import { loadConfig } from "../config/load.ts";
import { OperatorError } from "../errors.ts";
import { realClock } from "../runtime/clock.ts";
import { openGocd, openMesos } from "../runtime/ports.ts";
import { checkGocd, checkMesos } from "./check.ts";
import type { Command } from "./command.ts";
import { answerTo, givenSecret, refuseExisting, type Setup, valueOf, withSecret } from "./init_answers.ts";
import { type Draft, draftText, type SecretPlace, shownNames } from "./init_text.ts";
import { roleText } from "./mesos_roles.ts";
import { kindsTable, totalsLine } from "./plan.ts";
import { pollOnce } from "./poll_once.ts";
import { createReport, type Report } from "./report.ts";
import { gocdLimit, mesosLimit, withinLimit } from "./time_limit.ts";
import { UsageError } from "./usage.ts";

/** The command. */
export const initCommand: Command = {
  name: "init",
  summary: "ask for what a framework.conf needs, try it, and write the file",
  help: `Usage: gocd-mesos init [options] path/to/framework.conf

Asks for what is not given as an option, and tries each value as soon as it is known: logs in to GoCD, finds the leader
of Mesos, and polls GoCD once to propose which resources and environments to serve. Then it writes the file, with
comments and without secrets: it names the variables or files that contain them. A secret that you type is not shown,
and is written to a file of its own beside the configuration, which only its owner can read.

Options:
  --gocd URL            the GoCD server, such as https://gocd.example.com/go
  --user NAME           its account, an administrator; the password is in $GOCD_PASSWORD, or in
  --password-file PATH  the file with the password
  --token-file PATH     the file with an access token, instead of an account; or $GOCD_TOKEN
  --agent-url URL       the GoCD server as the containers reach it, if that differs
  --key-file PATH       the file with agentAutoRegisterKey of the server; or $GOCD_AUTO_REGISTER_KEY
  --mesos MASTER        the Mesos master: host:port, several separated by commas, or zk://host:2181/mesos
  --principal NAME      the principal, if Mesos requires a login; its secret is in $MESOS_SECRET, or in
  --secret-file PATH    the file with the secret of the principal
  --role ROLE           the Mesos role whose offers are used; by default *
  --image IMAGE         the Docker image of the agents
  --resources NAMES     GoCD resources of the image, separated by commas; by default whatever a job asks for
  --environments NAMES  GoCD environments to serve, separated by commas; none: no environment; by default all
  --yes                 ask nothing, and accept what is proposed
  --force               replace existing files

Examples:
  gocd-mesos init framework.conf
  GOCD_PASSWORD=… gocd-mesos init --yes --gocd http://gocd:8153/go --user scaler --mesos m1:5050 \\
    --image gocd/gocd-agent-debian-12:v25.4.0 framework.conf`,
  booleans: ["yes", "force"],
  strings: [
    ...["gocd", "user", "password-file", "token-file", "agent-url", "key-file", "mesos", "principal", "secret-file"],
    ...["role", "image", "resources", "environments"],
  ],
  operands: { min: 1, max: 1, text: "the configuration file to write" },
  run: async ({ operands: [path = ""], flags }, io) => {
    const setup: Setup = {
      path,
      io,
      rows: createReport(io),
      isAsking: io.isInTerminal && flags["yes"] !== true,
      isForced: flags["force"] === true,
      flag: (name) => typeof flags[name] === "string" ? flags[name] : undefined,
    };
    refuseExisting(setup, path, "add --force to replace it");
    refuseMissing(setup);
    let draft: Draft = emptyDraft;
    for (const step of steps) draft = await settled(setup, draft, step);
    writeFiles(setup, draft);
    return 0;
  },
};

/** Some values that are tried together. */
interface Step {
  /** Its name in the rows. */
  readonly what: string;
  /** Options with these values. */
  readonly flags: readonly string[];
  /** The draft with the values from options and answers; `failure`: what was wrong with those of `draft`. */
  readonly next: (setup: Setup, draft: Draft, failure?: OperatorError) => Draft | Promise<Draft>;
  /** Tries them; absent: a valid configuration is enough. Reports its findings, or throws an OperatorError. */
  readonly trial?: (setup: Setup, config: Config) => Promise<void>;
}

/** Placeholders for everything that has no default, until it is asked for. */
const emptyDraft: Draft = {
  gocd: "http://localhost:8153/go",
  mesos: "localhost:5050",
  role: "*",
  image: "image",
  resources: "*",
  environments: "*",
  seen: { resources: [], environments: [] },
  secrets: {},
};

/** The code of a server that requires a login that was not given. */
const notAuthenticated = "gocd-not-authenticated";

const gocdStep: Step = {
  what: "gocd",
  flags: ["gocd", "user", "password-file", "token-file", "agent-url"],
  next: (setup, draft, failure) => {
    if (failure === undefined) {
      const user = setup.flag("user");
      const named = { ...draft, user, gocd: valueOf(setup, "gocd"), agentUrl: setup.flag("agent-url") };
      if (user !== undefined) return withSecret(setup, named, "password");
      return { ...named, secrets: { token: givenSecret(setup, "token") } };
    }
    const { user: formerUser, secrets } = draft;
    const hasLogin = formerUser !== undefined || secrets.token !== undefined;
    if (failure.kind !== "refused" || !hasLogin && failure.code !== notAuthenticated) {
      return { ...draft, gocd: answerTo(setup, "gocd") };
    }
    const user = answerTo(setup, "user") || undefined;
    const which = user === undefined ? "token" : "password";
    return withSecret(setup, { ...draft, user, secrets: { [which]: secrets[which] } }, which);
  },
  trial: async ({ rows }, config) => void await checkGocd(config, new Map(), rows),
};

/** What agents need to register: the key, and a URL that works in containers, where localhost is the container. */
const agentsStep: Step = {
  what: "agents",
  flags: ["key-file"],
  next: (setup, draft, failure) => {
    if (failure !== undefined) return { ...draft, agentUrl: answerTo(setup, "agent-url") };
    const keyed = withSecret(setup, draft, "key");
    const isLocal = draft.agentUrl === undefined && isLoopback(new URL(draft.gocd).hostname);
    return isLocal && setup.isAsking ? { ...keyed, agentUrl: answerTo(setup, "agent-url") } : keyed;
  },
};

const mesosStep: Step = {
  what: "mesos",
  flags: ["mesos", "principal", "secret-file", "role"],
  next: (setup, draft, failure) => {
    if (failure !== undefined) {
      // ZooKeeper may be the one that requires a login, which is part of the address.
      const name = failure.code === "mesos-unauthorized" ? answerTo(setup, "principal") : "";
      if (name !== "") return withSecret(setup, { ...draft, principal: name }, "secret");
      return { ...draft, mesos: answerTo(setup, "mesos") };
    }
    const principal = setup.flag("principal");
    const named = { ...draft, principal, mesos: valueOf(setup, "mesos"), role: setup.flag("role") ?? "*" };
    return principal === undefined ? named : withSecret(setup, named, "secret");
  },
  trial: async ({ rows }, config) => {
    await checkMesos(config, rows);
    for (const text of await rolesOf(config)) rows.ok("mesos", text);
    rows.ok("mesos", `offers of the role ${config.mesos.roles.join(", ")} are used; --role names another one`);
  },
};

/** Maximum number of roles shown. */
const rolesShown = 10;

/** The roles of the cluster, one text each; none if the master does not show them, or not in time. */
async function rolesOf(config: Config): Promise<readonly string[]> {
  const mesos = openMesos(() => config, realClock);
  try {
    const cluster = await withinLimit(mesosLimit(config), (signal) => mesos.cluster(signal));
    if (cluster.roles === undefined) return [];
    const { roles, quotas = [] } = cluster;
    // The default role is always there.
    const names = new Set(["*", ...roles.map(({ name }) => name), ...quotas.map(({ role }) => role)]);
    const shown = [...names].slice(0, rolesShown).map((name) => `role ${name}: ${roleText(name, cluster)}`);
    return names.size > rolesShown ? [...shown, `and ${names.size - rolesShown} other roles`] : shown;
  } catch (error) {
    // The login and the leader have been tried; `doctor` reports what an ACL hides.
    if (error instanceof OperatorError) return [];
    throw error;
  } finally {
    mesos.close();
  }
}

/** No registry is contacted: only the syntax of the name is checked. */
const imageStep: Step = {
  what: "image",
  flags: ["image"],
  next: (setup, draft, failure) => ({
    ...draft,
    image: failure === undefined ? valueOf(setup, "image") : answerTo(setup, "image"),
  }),
};

/** What to serve: everything, unless specified otherwise. */
const profilesStep: Step = {
  what: "serve",
  flags: ["resources", "environments"],
  next: async (setup, draft, failure) => {
    const seen = failure === undefined ? await seenBy(setup, configOf(setup, draft)) : draft.seen;
    const choose = (name: "resources" | "environments"): string | undefined => {
      const given = failure === undefined ? setup.flag(name) : undefined;
      return given === undefined && setup.isAsking && seen[name].length > 0 ? answerTo(setup, name) : given;
    };
    const [resources, environments] = [namesIn(choose("resources")), namesIn(choose("environments"))];
    // An empty name: pipelines without an environment.
    const served = environments === "*" ? environments : environments.map((name) => name === "none" ? "" : name);
    return { ...draft, seen, resources, environments: served };
  },
  trial: async ({ path, rows, io }, config) => {
    for (const warning of config.warnings) rows.warn("config", warning, "");
    const { view, wanted } = await pollOnce(config);
    if (view.jobs.length === 0) {
      rows.ok("serve", `no job waits now; \`gocd-mesos plan ${path}\` shows the outcome of later ones`);
      return;
    }
    io.out(kindsTable(view, io.size().columns));
    io.out(totalsLine(view, wanted));
  },
};

const steps: readonly Step[] = [gocdStep, agentsStep, mesosStep, imageStep, profilesStep];

/** Maximum number of wrong answers to one step, so that no loop is endless. */
const attemptsMax = 100;

/** Asks and tries until it works; without a terminal only once. Throws an OperatorError. */
async function settled(setup: Setup, before: Draft, step: Step): Promise<Draft> {
  const { rows, isAsking, flag } = setup;
  let draft = await step.next(setup, before);
  for (let attempt = 1;; attempt++) {
    const failure = await failureOf(setup, draft, step);
    if (failure === undefined) return draft;
    const isOfOption = failure.kind === "usage" && attempt === 1 && step.flags.some((name) => flag(name) !== undefined);
    if (!isAsking || isOfOption || attempt === attemptsMax) throw inOptions(failure, draft);
    if (failure.code === notAuthenticated) rows.ok(step.what, `${draft.gocd} can be reached, and requires a login`);
    else rows.fail(step.what, failure);
    draft = await step.next(setup, draft, failure);
  }
}

/** The first failure that a trial reports or throws. */
async function failureOf(setup: Setup, draft: Draft, { trial }: Step): Promise<OperatorError | undefined> {
  let first: unknown;
  const rows: Report = {
    ...setup.rows,
    ok: (what, text) => first === undefined && setup.rows.ok(what, text),
    fail: (_what, error) => void (first ??= error),
  };
  try {
    const config = configOf(setup, draft);
    await trial?.({ ...setup, rows }, config);
  } catch (error) {
    first ??= error;
  }
  if (first === undefined || first instanceof OperatorError) return first;
  throw first;
}

/** A login that is missing, in terms of our options. */
function inOptions(failure: OperatorError, { gocd, mesos, principal }: Draft): OperatorError {
  const [who, hint] = failure.code === notAuthenticated
    ? [gocd, "add --user with $GOCD_PASSWORD or --password-file, or add --token-file"]
    : failure.code === "mesos-unauthorized" && principal === undefined
    ? [mesos, "add --principal with $MESOS_SECRET or --secret-file"]
    : [];
  if (who === undefined || hint === undefined) return failure;
  const { code, kind } = failure;
  return new OperatorError(`${who} requires a login`, { code, kind, hint, cause: failure });
}

/** The configuration that the file would contain. Throws an OperatorError without a line, as there is no file yet. */
function configOf({ path, io }: Setup, draft: Draft): Config {
  const files = new Map([
    [path, draftText(draft)],
    ...typedIn(draft).map(({ name, text }) => [pathBeside(path, name), text] as const),
  ]);
  try {
    return loadConfig(path, io.env, (file) => files.get(file) ?? io.readFile(file));
  } catch (error) {
    const problem = error instanceof ConfigError ? error.problems[0] : undefined;
    if (problem === undefined) throw error;
    const { code, key, message, hint } = problem;
    throw new OperatorError(`${key}: ${message}`, { code, kind: "usage", hint, cause: error });
  }
}

/** Names on the server, one row each. */
async function seenBy({ rows }: Setup, config: Config): Promise<Draft["seen"]> {
  const { jobs, gocdAgents } = (await pollOnce(config)).view;
  const gocd = openGocd(config, realClock);
  const known = await withinLimit(gocdLimit(config), (signal) => gocd.environments(signal))
    .finally(() => gocd.close());
  const seen = {
    resources: different([...jobs, ...gocdAgents].flatMap(({ gocdResources }) => gocdResources)),
    environments: different([
      ...known ?? [],
      ...jobs.flatMap(({ environment }) => environment ?? []),
      ...gocdAgents.flatMap(({ environments }) => environments),
    ]),
  };
  rows.ok("serve", `resources of the jobs that wait and of the agents: ${shownNames(seen.resources)}`);
  rows.ok("serve", `environments: ${shownNames(seen.environments)}`);
  return seen;
}

/** Names compare without regard to case. */
function different(names: readonly string[]): readonly string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()].toSorted();
}

function namesIn(text = ""): readonly string[] | "*" {
  const names = different(text.split(",").map((name) => name.trim()).filter((name) => name !== ""));
  return names.length === 0 || names.join() === "*" ? "*" : names;
}

/** Throws a UsageError that names every missing option that would require an answer. */
function refuseMissing({ flag, isAsking }: Setup): void {
  const missing = ["gocd", "mesos", "image"].filter((name) => flag(name) === undefined).map((name) => `--${name}`);
  if (missing.length === 0 || isAsking) return;
  throw new UsageError(
    `"init" needs ${missing.join(", ")}`,
    "add these options; init asks only on a terminal, and not with --yes",
  );
}

function typedIn({ secrets }: Draft): readonly (SecretPlace & { readonly kind: "typed" })[] {
  return Object.values(secrets).filter((place) => place?.kind === "typed");
}

function writeFiles(setup: Setup, draft: Draft): void {
  const { path, io, isForced } = setup;
  const existing = isForced ? "replace" : "keep";
  const files = typedIn(draft).map(({ name, text }) => ({
    at: pathBeside(path, name),
    text: `${text}\n`,
    mode: 0o600,
  }));
  // The address of a ZooKeeper ensemble may hold a password.
  const mode = draft.mesos.includes("@") ? 0o600 : 0o644;
  for (const { at, text, mode: ofFile } of [...files, { at: path, text: draftText(draft), mode }]) {
    try {
      io.writeFile(at, text, { mode: ofFile, existing });
    } catch (error) {
      // So that no answer is lost; it contains no secret.
      if (mode !== 0o600) io.out(draftText(draft));
      throw writeFailure(at, error);
    }
    io.out(`${at} is written${ofFile === 0o600 ? "; only its owner can read it" : ""}`);
  }
  io.out("Next:");
  io.out(`  gocd-mesos check ${path}`);
  io.out(`  gocd-mesos start ${path}`);
}

function writeFailure(path: string, error: unknown): OperatorError {
  const [why, hint] = error instanceof Deno.errors.NotFound
    ? ["its folder does not exist", "create the folder first"]
    : error instanceof Deno.errors.PermissionDenied
    ? ["this user may not write there", "run it as a user who may, or choose another folder"]
    : error instanceof Deno.errors.AlreadyExists
    ? ["it exists already", "add --force to replace it"]
    : [error instanceof Error ? error.message : String(error), "free some space, or choose another folder"];
  return new OperatorError(`cannot write ${path}: ${why}`, {
    code: "output-failed",
    kind: "usage",
    hint,
    cause: error,
  });
}
