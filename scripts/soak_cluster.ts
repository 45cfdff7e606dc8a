// The cluster of the soak in a worker: the load master, a simulated GoCD server on loopback, and the agents in the
// containers.

import { startGocdHttp } from "../src/sim/http/gocd.ts";
import { createSimGocd, type SimGocd } from "../src/sim/gocd/sim_gocd.ts";
import { seededRandom } from "../src/sim/random.ts";
import { createMaster, type Master, type MasterLoad, type OfferFigures } from "./soak_master.ts";
import type { TaskFigures } from "./soak_tasks.ts";

/** The first message to the worker. */
export interface ClusterOrder extends MasterLoad {
  /** Jobs that wait at any time. */
  readonly jobs: number;
  /** How long a job is built, ms. */
  readonly buildMs: number;
}

/** Later messages to the worker. */
export type ClusterRequest = "busy" | "calm" | "figures" | "forget" | "end";

/** What the worker says. */
export type ClusterWord =
  | { readonly kind: "ready"; readonly mesosPort: number; readonly gocdUrl: string; readonly gocdVersion: string }
  | { readonly kind: "figures"; readonly figures: ClusterFigures }
  | { readonly kind: "ended" };

/** What cluster and servers have counted. */
export interface ClusterFigures {
  readonly tasks: TaskFigures;
  readonly offers: OfferFigures;
  readonly openOffers: number;
  readonly running: number;
  readonly unacknowledged: number;
  readonly gocd: {
    readonly waiting: number;
    readonly agents: number;
    readonly building: number;
    readonly requests: number;
  };
}

/** A launched task, as far as its container needs it. */
export interface TaskInfo {
  readonly taskId: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The key that agents register with. */
export const autoRegisterKey = "soak-key";
/** GoCD resources of the soak's jobs, one set per kind of job. */
export const jobKinds: readonly (readonly string[])[] = [["linux"], ["linux", "java"], ["linux", "chrome"], ["go"]];

const gocdVersion = "26.1.0";
/** How often the cluster acts: a hundredth of the updates of a second at a time. */
const tickMs = 10;
/** From the container's start to the agent's first contact, ms. */
const bootMs: readonly [number, number] = [500, 3_000];
/** Pipelines that jobs belong to. */
const pipelines = 500;

function runCluster(order: ClusterOrder): void {
  const random = seededRandom(1);
  let requests = 0;
  const gocd = createSimGocd({ version: gocdVersion, nowMs: Date.now(), random, autoRegisterKey });
  const master = createMaster(order, {
    started: ({ taskId, env }) =>
      gocd.agentStarted({
        hostname: taskId,
        env,
        uuid: crypto.randomUUID(),
        bootDelayMs: bootMs[0] + Math.round(random() * (bootMs[1] - bootMs[0])),
        nowMs: Date.now(),
      }),
    stopped: (taskId) => void gocd.agentStopped(taskId, Date.now()),
  });
  const counted = new Proxy(gocd, {
    get: (target, key) => {
      if (key === "handle") requests++;
      return Reflect.get(target, key);
    },
  });
  const gocdHttp = startGocdHttp(counted, { port: 0, nowMs: () => Date.now() });
  const mesosHttp = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, master.answer);
  const fill = filler(gocd, order, random);
  fill();
  const ticking = setInterval(() => {
    master.tick(Date.now());
    gocd.advance(Date.now());
  }, tickMs);
  const filling = setInterval(fill, 1_000);
  const end = async (): Promise<void> => {
    clearInterval(ticking);
    clearInterval(filling);
    master.end();
    await Promise.all([gocdHttp.close(), mesosHttp.shutdown()]);
    scope.postMessage({ kind: "ended" });
    scope.close();
  };
  scope.onmessage = ({ data }) => {
    if (typeof data === "string") follow(data, { master, end, figures });
  };
  const figures = (): ClusterFigures => figuresOf(master, gocd, requests);
  scope.postMessage({ kind: "ready", mesosPort: mesosHttp.addr.port, gocdUrl: gocdHttp.url, gocdVersion });
}

interface Cluster {
  readonly master: Master;
  readonly figures: () => ClusterFigures;
  readonly end: () => Promise<void>;
}

function follow(wish: ClusterRequest, { master, figures, end }: Cluster): void {
  switch (wish) {
    case "busy":
    case "calm":
      return master.setBusy(wish === "busy");
    case "figures":
      return scope.postMessage({ kind: "figures", figures: figures() });
    case "forget":
      return master.tasks.forgetFigures();
    case "end":
      end();
      return;
    default:
      wish satisfies never;
  }
}

/** Keeps the number of waiting jobs up: built ones make room for new ones. */
function filler(gocd: SimGocd, { jobs, buildMs }: ClusterOrder, random: () => number): () => void {
  let number = 0;
  return () => {
    let missing = jobs - gocd.jobs().filter(({ state }) => state === "Scheduled").length;
    for (; missing > 0; missing--, number++) {
      gocd.schedule({
        pipeline: `pipeline-${number % pipelines}`,
        counter: 1 + Math.floor(number / pipelines),
        stage: "build",
        job: `job-${number}`,
        gocdResources: jobKinds[number % jobKinds.length] ?? [],
        durationMs: Math.round(buildMs * (0.5 + random())),
        variables: [{ name: "GO_TRIGGER_USER", value: "changes", secure: false }],
      });
    }
  };
}

function figuresOf(master: Master, gocd: SimGocd, requests: number): ClusterFigures {
  const jobs = gocd.jobs();
  return {
    tasks: master.tasks.figures,
    offers: master.offers,
    openOffers: master.openOffers(),
    running: master.tasks.running(),
    unacknowledged: master.tasks.unacknowledged(),
    gocd: {
      waiting: jobs.filter(({ state }) => state === "Scheduled").length,
      agents: gocd.agents().length,
      building: jobs.filter(({ state }) => state !== "Scheduled").length,
      requests,
    },
  };
}

/** The worker's side of the conversation. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<ClusterOrder | ClusterRequest>) => void;
  postMessage(word: ClusterWord): void;
  close(): void;
};
scope.onmessage = ({ data }) => {
  if (typeof data !== "string") runCluster(data);
};
