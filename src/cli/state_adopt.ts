// `gocd-mesos state adopt` and `state register-anew`: how a new state handles existing agents.

import type { Config } from "../config/config.ts";
import { formerFrameworks, type SeenFramework } from "../core/identity/orphans.ts";
import { OperatorError } from "../errors.ts";
import { MesosError } from "../mesos/api.ts";
import { openMesos } from "../runtime/ports.ts";
import type { Store } from "../store/store.ts";
import type { CliIo } from "./io.ts";
import { printable } from "./table.ts";

/** For all requests to the master. */
const lookMsMax = 60_000;

/** What to adopt. */
export interface AdoptRequest {
  readonly config: Config;
  /** Absent: the only one that matches. */
  readonly frameworkId: string | undefined;
  /** Even one that seems to be in use, or that the master does not show. */
  readonly isSure: boolean;
}

/** Stores the framework of a lost state in this one. Throws an OperatorError if that would do harm. */
export async function adoptFramework(store: Store, request: AdoptRequest, io: CliIo): Promise<void> {
  const { framework, instances } = await store.load();
  if (framework.frameworkId !== undefined || instances.length > 0) {
    if (framework.frameworkId !== undefined && await isTheOne(framework.frameworkId, request, io)) {
      io.out(printable(`framework ${framework.frameworkId} is adopted already: the next start continues with it`));
      return;
    }
    throw refused(
      `the state already contains framework ${framework.frameworkId ?? "(none)"} and ${instances.length} agents`,
      "a start continues with these; to abandon them, run `gocd-mesos state forget-framework FILE` first",
    );
  }
  const found = await findFramework(request, io);
  const { ended: _, registersAnew: _anew, registeredAs: _as, ...rest } = framework;
  const { registeredAs } = found;
  await store.commit([{
    kind: "framework",
    framework: { ...rest, frameworkId: found.id, ...(registeredAs === undefined ? {} : { registeredAs }) },
  }]);
  io.out(printable(`framework ${found.id} is adopted: the next start continues with it and takes over all its agents`));
}

/** Whether the framework of the state is the one to adopt: the named one, or the only match. */
async function isTheOne(id: string, request: AdoptRequest, io: CliIo): Promise<boolean> {
  if (request.frameworkId !== undefined) return request.frameworkId === id;
  try {
    return (await findFramework(request, io)).id === id;
  } catch (error) {
    if (error instanceof OperatorError) return false;
    throw error;
  }
}

/** Allows this state to register despite existing agents. */
export async function registerAnew(store: Store, io: CliIo): Promise<void> {
  const { framework } = await store.load();
  if (framework.frameworkId !== undefined) {
    throw refused(
      `the state is registered already, as framework ${framework.frameworkId}`,
      "a start continues with it; to abandon it, run `gocd-mesos state forget-framework FILE`",
    );
  }
  await store.commit([{ kind: "framework", framework: { ...framework, registersAnew: true } }]);
  io.out("the next start registers a new framework; agents launched by other states are left alone");
}

type Found = Pick<SeenFramework, "id"> & Partial<Pick<SeenFramework, "registeredAs">>;

async function findFramework({ config, frameworkId, isSure }: AdoptRequest, io: CliIo): Promise<Found> {
  const seen = await shownFrameworks(config, frameworkId, io);
  const found = frameworkId === undefined
    ? theOnly(formerFrameworks(config.settings, seen ?? []), config)
    : seen?.find((each) => each.id === frameworkId);
  if (found?.isConnected === true && !isSure) {
    throw refused(
      `framework ${found.id} is connected to the Mesos master: another gocd-mesos uses it`,
      "stop that one first; if it is certainly dead, add --yes",
    );
  }
  if (found !== undefined) return found;
  if (seen !== undefined && !isSure) {
    throw refused(
      `the Mesos master shows no framework ${frameworkId} of the name "${config.mesos.name}"`,
      "check the id and mesos.name; to adopt it anyway, add --yes",
    );
  }
  return { id: frameworkId ?? "" };
}

/** What the master shows, if anything; without it, the id must be given. */
async function shownFrameworks(
  config: Config,
  frameworkId: string | undefined,
  io: CliIo,
): Promise<readonly SeenFramework[] | undefined> {
  const mesos = openMesos(() => config, io.machine);
  try {
    return await mesos.frameworksNamed(config.mesos.name, AbortSignal.timeout(lookMsMax));
  } catch (error) {
    if (!(error instanceof MesosError) || frameworkId === undefined) throw error;
    io.err(printable(`gocd-mesos: not checked with the Mesos master: ${error.message}`));
    return undefined;
  } finally {
    mesos.close();
  }
}

function theOnly(fitting: readonly SeenFramework[], config: Config): SeenFramework {
  const [first, ...others] = fitting;
  if (first === undefined) {
    throw refused(
      `the Mesos master shows no framework "${config.mesos.name}" with agents of ours`,
      "give its id (see the old log or the Mesos web UI): gocd-mesos state adopt FILE FRAMEWORK-ID",
    );
  }
  if (others.length === 0) return first;
  throw refused(
    `the Mesos master shows ${fitting.length} frameworks "${config.mesos.name}" with agents of ours: ${
      fitting.map(({ id, taskIds }) => `${id} (${taskIds.length})`).join(", ")
    }`,
    "give the id of the one to continue with; the agents of the others are left alone",
  );
}

function refused(message: string, hint: string): OperatorError {
  return new OperatorError(message, { code: "state-not-adopted", kind: "state", hint });
}
