// Links to the pages of the GoCD server and the Mesos master. Names in them come from others: each is one encoded part
// of a path. No link holds credentials.

import type { InstanceView, MesosView } from "../core/view/view.ts";

/** Where the pages of both servers are. */
export interface PageLinks {
  /** The GoCD server with its context path, without a trailing slash: `https://gocd.example.org/go`. */
  readonly gocdUrl: string;
  /** How the Mesos masters are spoken to; which one leads is in the view. */
  readonly mesosScheme: "http" | "https";
}

/** Browsers accept longer addresses, but none is needed. */
const hrefCharactersMax = 2_000;

/**
 * The page of a job (GoCD `/tab/build/detail/PIPELINE/COUNTER/STAGE/COUNTER/JOB`); absent: the locator has another
 * form.
 */
export function jobHref({ gocdUrl }: PageLinks, locator: string): string | undefined {
  const parts = locator.split("/");
  if (parts.length !== 5 || parts.some((part) => part === "" || part === "." || part === "..")) return undefined;
  return shortEnough(`${gocdUrl}/tab/build/detail/${encoded(parts)}`);
}

/** The jobs that a GocdAgent has run (GoCD `/agents/UUID/job_run_history`). */
export function gocdAgentHref({ gocdUrl }: PageLinks, uuid: string): string | undefined {
  return shortEnough(`${gocdUrl}/agents/${encoded([uuid])}/job_run_history`);
}

/** The page of a Mesos agent in the web interface of the master; absent: no master is known. */
export function mesosAgentHref(links: PageLinks, mesos: MesosView, mesosAgentId: string): string | undefined {
  return mesos.master === undefined || mesosAgentId === ""
    ? undefined
    : shortEnough(`${links.mesosScheme}://${mesos.master}/#/agents/${encoded([mesosAgentId])}`);
}

/** The executor of an instance there, with its sandbox; the executor of a task of ours has the id of the task. */
export function sandboxHref(
  links: PageLinks,
  mesos: MesosView,
  { mesosAgentId, taskId }: Pick<InstanceView, "mesosAgentId" | "taskId">,
): string | undefined {
  const agent = mesosAgentHref(links, mesos, mesosAgentId);
  const { frameworkId } = mesos;
  return agent === undefined || frameworkId === undefined
    ? undefined
    : `${agent}/frameworks/${encoded([frameworkId])}/executors/${encoded([taskId])}`;
}

function encoded(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part.toWellFormed())).join("/");
}

function shortEnough(href: string): string | undefined {
  return href.length > hrefCharactersMax ? undefined : href;
}
