// A picture with examples of everything, for tests of the page, the metrics and the commands: the view at the end of a
// run on virtual time, with hostile names where people can choose names.

import type { GocdAgent, ScheduledJob } from "../../src/core/gocd_records.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import type { NoteView, OfferView, StatusView } from "../../src/core/view/view.ts";
import { createFloodGate, type FloodGate } from "../../src/log/flood_gate.ts";
import { building, drive, type Driver, gocdAgent, minute, offer, only, pending, second } from "./core.ts";
import { aProfile, plainContainer } from "./placement.ts";

/** A job name with markup, script, terminal escapes and bidirectional controls. */
export const hostileName = `"><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202egnp.exe`;

const build = { environment: "build", gocdResources: ["docker", "linux"] };
const production = { environment: "production", gocdResources: [] };

const unit = (number: number): ScheduledJob => ({
  locator: `shop/1204/test/1/unit-runInstance-${number}`,
  name: `unit-runInstance-${number}`,
  ...build,
});
const apply: ScheduledJob = { locator: "infra/7/deploy/2/apply", name: "apply", ...production };
const publish: ScheduledJob = {
  locator: "docs/8/site/1/publish",
  name: "publish",
  gocdResources: [],
  environment: "docs",
};
const windowsJob: ScheduledJob = { locator: "desktop/3/build/1/msi", name: "msi", gocdResources: ["windows"] };

/** Jobs that our agents never take. */
const others: readonly ScheduledJob[] = [
  { locator: "mobile/88/build/1/ios", name: "ios", gocdResources: ["xcode"] },
  { locator: "infra/7/audit/1/scan-runOnAll-3", name: "scan-runOnAll-3", gocdResources: [] },
  {
    locator: `evil/1/stage/1/${hostileName}`,
    name: hostileName,
    environment: `<b>env</b>`,
    gocdResources: [`'quote"`, "<i>linux</i>"],
  },
];

const profiles = [
  aProfile({ name: "linux", gocdResources: build.gocdResources, environments: ["build"], maxAgents: 7 }),
  aProfile({ name: "deploy", environments: ["production", "docs"], maxAgents: 2, idleTimeoutMs: 2 * minute }),
  aProfile({
    name: "windows",
    gocdResources: ["windows"],
    container: { ...plainContainer, image: "gocd/agent-windows:ltsc2022" },
  }),
];

const stranger = gocdAgent(hostileName, { ...pending, uuid: "c0ffee00-0000-4000-8000-000000000001" });

/** The run so far. */
interface Run {
  readonly world: Driver;
  readonly notes: NoteView[];
  readonly gate: FloodGate;
  /** Agents of ours on the server, by task id. */
  readonly agents: Map<string, GocdAgent>;
  jobs: readonly ScheduledJob[];
}

/** Advances time with unchanged server data; then it is read. */
function pass(run: Run, ms: number): void {
  for (const endMs = run.world.atMs + ms; run.world.atMs < endMs;) {
    run.world.wait(Math.min(15 * second, endMs - run.world.atMs));
    poll(run);
  }
}

function poll(run: Run): void {
  const { world, agents, jobs, notes, gate } = run;
  for (const call of only(world.taken(), "disable-gocd-agents")) {
    for (const { taskId } of call.agents) {
      agents.set(taskId, { ...agents.get(taskId) ?? gocdAgent(taskId), configState: "Disabled" });
    }
    world.send({ kind: "gocd-call-done", call });
  }
  world.poll({ jobs: [...jobs, ...others], agents: [...agents.values(), stranger] });
  for (const note of world.noted()) {
    const text = note.level === "debug" ? undefined : gate.pass(note, world.atMs);
    if (text !== undefined) notes.push({ atMs: world.atMs, level: note.level, code: note.code, text });
  }
}

/** Launches on a large host; returns the task ids. */
function launch({ world }: Run, host: string): readonly string[] {
  world.taken();
  world.offers(offer(host, { cpus: 16, mem: 65_536 }));
  return only(world.taken(), "accept-offers").flatMap(({ launches }) => launches.map(({ taskId }) => taskId));
}

/** An agent of ours registers and takes a job. */
function takes(run: Run, taskId: string, job: ScheduledJob): void {
  const { gocdResources, environment = "" } = job;
  const environments = [{ name: environment, origin: "gocd" as const }];
  run.agents.set(taskId, gocdAgent(taskId, { gocdResources, environments, ...building, buildLocator: job.locator }));
  run.jobs = run.jobs.filter((each) => each !== job);
}

/** A build of an agent of ours ends. */
function ends(run: Run, taskId: string): void {
  const { buildLocator: _, ...agent } = run.agents.get(taskId) ?? gocdAgent(taskId);
  run.agents.set(taskId, { ...agent, agentState: "Idle", buildState: "Idle" });
}

/** Five agents of linux and one of deploy are launched and build. */
function firstWave(run: Run): { readonly linux: readonly string[]; readonly deploy: string } {
  const { world } = run;
  const wanted = [...[1, 2, 3, 4, 5].map(unit), apply];
  run.jobs = wanted;
  world.subscribe();
  pass(run, 15 * second);
  const launched = [1, 2].flatMap((host) => launch(run, `mesos-agent-${host}.example.org`));
  for (const taskId of launched) world.status(taskId, "TASK_RUNNING");
  pass(run, 30 * second);
  const of = (profile: string): string[] => launched.filter((taskId) => world.instance(taskId).profile === profile);
  const linux = of("linux");
  const [deploy = ""] = of("deploy");
  for (const [index, taskId] of [...linux, deploy].entries()) takes(run, taskId, wanted[index] ?? apply);
  pass(run, 2 * minute);
  return { linux, deploy };
}

/** Offers of one more host; the Windows image that is launched there cannot be pulled. */
function offered(run: Run, host: number): void {
  for (const taskId of launch(run, `mesos-agent-${host}.example.org`)) {
    if (run.world.instance(taskId).profile !== "windows") continue;
    const message =
      "Failed to run 'docker -H unix:///var/run/docker.sock pull gocd/agent-windows:ltsc2022': exited with " +
      "status 1; stderr='Error response from daemon: pull access denied for gocd/agent-windows, repository does not " +
      "exist or may require 'docker login': denied: requested access to the resource is denied'";
    run.world.status(taskId, "TASK_FAILED", { reason: "REASON_CONTAINER_LAUNCH_FAILED", message });
  }
}

/** More jobs arrive, and time advances to the next poll. */
function come(run: Run, ...jobs: readonly ScheduledJob[]): void {
  run.jobs = [...run.jobs, ...jobs];
  pass(run, 15 * second);
}

function play(): Run {
  const world = drive({ profiles, poller: { intervalMs: 15 * second, maxIntervalMs: 15 * second } });
  const run: Run = { world, notes: [], gate: createFloodGate(), agents: new Map(), jobs: [] };
  const { linux, deploy } = firstWave(run);
  const [idle = "", , , , unreachable = ""] = linux;
  world.send({ kind: "launching-frozen", profile: "deploy" });
  // A foreign agent is idle, and a job that it could take waits for another cause.
  const environments = [{ name: "docs", origin: "gocd" as const }];
  run.agents.set("static-1", gocdAgent("static-1", { gocdResources: [], environments }));
  pass(run, 2 * minute);
  ends(run, deploy);
  come(run, windowsJob, publish);
  for (const pauseMs of [70 * second, 70 * second, 15 * second]) {
    offered(run, 3);
    pass(run, pauseMs);
  }
  world.status(unreachable, "TASK_UNREACHABLE", { message: "health check timed out" });
  // One is idle, one is launched, the limit leaves two of three.
  ends(run, idle);
  come(run, unit(6));
  come(run, unit(7));
  offered(run, 6);
  come(run, ...[8, 9, 10].map(unit));
  return run;
}

const { world, notes } = play();

/** When the picture was created. */
export const sampleMs: number = world.atMs;

/** A picture of a busy cluster. */
export const sampleView: StatusView = statusView(world.state, sampleMs);

/** The preceding decisions, oldest first. */
export const sampleNotes: readonly NoteView[] = notes;

/** The same picture with this many jobs and instances. */
export function largeView(jobsCount: number, instancesCount: number): StatusView {
  const { jobs: [job], instances: [instance] } = sampleView;
  if (job === undefined || instance === undefined) throw new Error("the sample has no job or no instance");
  return {
    ...sampleView,
    jobs: Array.from({ length: jobsCount }, (_, index) => ({ ...job, locator: `shop/${index}/test/1/job` })),
    instances: Array.from({ length: instancesCount }, (_, index) => ({
      ...instance,
      taskId: instance.taskId.replace(/\d+$/, String(index + 1)),
    })),
  };
}

/** How an offer was answered. */
export const sampleOffer: OfferView = {
  ...{ host: "h1", mesosAgentId: "S1", role: "ci", atMs: sampleMs - 5 * second },
  ...{ cpus: 0.5, mem: 512, disk: 10_240 },
  ...{ isAccepted: false, answer: "profile big is short by 3.5 cpus" },
};

/** The same with pipeline groups, reasons for profiles and a limit on cpu-hours. */
export const groupedView: StatusView = {
  ...sampleView,
  jobs: sampleView.jobs.map((each) => ({ ...each, profileReason: "it is the first", pipelineGroup: "mobile" })),
  demand: sampleView.demand.map((each) => ({ ...each, pipelineGroup: "" })),
  usedLimits: [{ key: "scaling.cpu-hours-per-day", used: 7.5, limit: 10, unit: "cpu-hours" }],
};

/** The same for a standby, with or without a known leader. */
export function standby(leader?: string): StatusView {
  const health = { state: "unknown" as const, sinceMs: sampleMs };
  return {
    ...sampleView,
    mesos: { ...sampleView.mesos, session: "connecting", health },
    leadership: { role: "standby", sinceMs: sampleMs - minute, ...(leader === undefined ? {} : { leader }) },
  };
}
