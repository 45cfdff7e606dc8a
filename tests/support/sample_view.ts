// A picture with something of everything, hostile names included, for tests of the page, the metrics and the commands.

import type { GocdAgentView, InstanceView, NoteView, StatusView } from "../../src/core/view/view.ts";
import type { JobVerdict } from "../../src/core/demand/verdict.ts";

/** When the picture was made. */
export const sampleMs: number = Date.UTC(2026, 10, 23, 0, 45, 5);

const minuteMs = 60_000;

/** A job name that tries to be markup, script, a terminal command and a turned line. */
export const hostileName = `"><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202egnp.exe`;

const jobs: readonly JobVerdict[] = [
  {
    locator: "shop/1204/test/1/integration",
    name: "integration",
    environment: "build",
    gocdResources: ["docker", "linux"],
    verdict: "needs-agent",
    profile: "linux",
    reason: "waited in 6 polls in a row, no agent is free or coming: 2 agents of linux are to be launched",
    reasonCode: "launching",
    firstSeenMs: sampleMs - 12 * minuteMs,
  },
  {
    locator: "shop/1204/test/1/unit-runInstance-1",
    name: "unit-runInstance-1",
    environment: "build",
    gocdResources: ["docker", "linux"],
    verdict: "coming",
    profile: "linux",
    reason: "gocd-mesos-k3x9ab-41 has been starting for 40 s and will take it",
    reasonCode: "instance-starting",
    firstSeenMs: sampleMs - 3 * minuteMs,
  },
  {
    locator: "shop/1204/test/1/unit-runInstance-2",
    name: "unit-runInstance-2",
    environment: "build",
    gocdResources: ["docker", "linux"],
    verdict: "will-be-taken",
    profile: "linux",
    reason: "gocd-mesos-k3x9ab-39 is idle and matches",
    reasonCode: "idle-agent",
    firstSeenMs: sampleMs - 20_000,
  },
  {
    locator: "mobile/88/build/1/ios",
    name: "ios",
    gocdResources: ["xcode"],
    verdict: "unserved",
    reason: 'no profile has the resource xcode; add it to profiles.NAME.resources, or to poller.ignore as "mobile"',
    reasonCode: "no-profile-resources",
    firstSeenMs: sampleMs - 3 * 24 * 60 * minuteMs,
  },
  {
    locator: "infra/7/deploy/2/apply",
    name: "apply",
    environment: "production",
    gocdResources: [],
    verdict: "other-cause",
    profile: "deploy",
    reason:
      "gocd-mesos-k3x9ab-12 has been idle and matching for 4 min, so it waits for another cause (a lock, a resource)",
    reasonCode: "idle-agent-ignored",
    firstSeenMs: sampleMs - 9 * minuteMs,
  },
  {
    locator: "infra/7/audit/1/scan-runOnAll-3",
    name: "scan-runOnAll-3",
    gocdResources: [],
    verdict: "not-ours",
    reason: "runs on all agents, this one is pinned to one of them",
    reasonCode: "run-on-all",
    firstSeenMs: sampleMs - 2 * minuteMs,
  },
  {
    locator: `evil/1/stage/1/${hostileName}`,
    name: hostileName,
    environment: `<b>env</b>`,
    gocdResources: [`'quote"`, "<i>linux</i>"],
    verdict: "unserved",
    reason: `no profile has the resource <i>linux</i> & 'quote"`,
    reasonCode: "no-profile-resources",
    firstSeenMs: sampleMs - 1_000,
  },
];

function instance(number: number, state: string, detail: string, more: Partial<InstanceView> = {}): InstanceView {
  return {
    taskId: `gocd-mesos-k3x9ab-${number}`,
    profile: "linux",
    environment: "build",
    gocdResources: ["docker", "linux"],
    state,
    detail,
    host: `mesos-agent-${number % 4}.example.org`,
    createdMs: sampleMs - number * minuteMs,
    sinceMs: sampleMs - number * 10_000,
    ...more,
  };
}

const instances: readonly InstanceView[] = [
  instance(41, "starting", "the container runs, its record is not on the GoCD server yet"),
  instance(42, "launching", "ACCEPT is on its way to the master"),
  instance(39, "idle", "is taken down in 6 min unless a job comes"),
  instance(38, "building", "builds since 6 min"),
  instance(37, "building", "builds since 6 min"),
  instance(12, "draining", "seen Disabled and idle once, read again in 14 s", {
    profile: "deploy",
    environment: "production",
    gocdResources: [],
  }),
  instance(9, "unreachable", "its Mesos agent is partitioned away; it has been replaced"),
];

const gocdAgents: readonly GocdAgentView[] = [39, 38, 37, 12].map((number): GocdAgentView => ({
  uuid: `0a7b61d2-0000-4000-8000-0000000000${number}`,
  hostname: `gocd-mesos-k3x9ab-${number}`,
  configState: number === 12 ? "Disabled" : "Enabled",
  agentState: number === 39 || number === 12 ? "Idle" : "Building",
  buildState: number === 39 || number === 12 ? "Idle" : "Building",
  gocdResources: ["docker", "linux"],
  environments: [number === 12 ? "production" : "build"],
  elastic: false,
  state: number === 12 ? "disabled" : number === 39 ? "idle" : "building",
  taskId: `gocd-mesos-k3x9ab-${number}`,
}));

/** A picture of a cluster at work. */
export const sampleView: StatusView = {
  atMs: sampleMs,
  startedMs: sampleMs - 26 * 60 * minuteMs,
  mesos: {
    frameworkId: "6e2f1c1a-9d7b-4a1f-9a50-6d3c8b0d7d11-0007",
    frameworkName: "GoCD-Mesos",
    session: "subscribed",
    master: "mesos-master-2.example.org:5050",
    masterVersion: "1.11.0",
    sinceMs: sampleMs - 190 * minuteMs,
    offers: "wanted",
  },
  gocd: {
    version: "26.1.0",
    maintenance: "off",
    lastPollMs: sampleMs - 8_000,
    nextPollMs: sampleMs + 7_000,
    stale: false,
  },
  mode: "run",
  frozen: false,
  jobs,
  demand: [
    {
      key: "build|docker,linux",
      environment: "build",
      gocdResources: ["docker", "linux"],
      profile: "linux",
      waiting: 5,
      willBeTaken: 1,
      coming: 1,
      otherCause: 0,
      needsAgent: 3,
      pollsInARow: 6,
      limitedTo: 2,
      wanted: 2,
      reason: "3 jobs need an agent; profiles.linux.max-agents = 8 allows 2 more",
    },
    {
      key: "production|",
      environment: "production",
      gocdResources: [],
      profile: "deploy",
      waiting: 1,
      willBeTaken: 0,
      coming: 0,
      otherCause: 1,
      needsAgent: 0,
      pollsInARow: 0,
      wanted: 0,
      reason: "an idle agent is there, launching would not help",
    },
    {
      key: "|xcode",
      gocdResources: ["xcode"],
      waiting: 1,
      willBeTaken: 0,
      coming: 0,
      otherCause: 0,
      needsAgent: 0,
      pollsInARow: 0,
      wanted: 0,
      reason: "no profile has the resource xcode",
    },
  ],
  instances,
  gocdAgents: [
    ...gocdAgents,
    {
      uuid: "c0ffee00-0000-4000-8000-000000000001",
      hostname: hostileName,
      configState: "Pending",
      agentState: "Unknown",
      buildState: "Unknown",
      gocdResources: [],
      environments: [],
      elastic: false,
      state: "pending",
    },
  ],
  profiles: [
    {
      name: "linux",
      image: "registry.example.org/gocd/agent-linux:26.1.0",
      alive: 6,
      starting: 2,
      idle: 1,
      building: 2,
      draining: 0,
      maxAgents: 8,
      frozen: false,
    },
    {
      name: "deploy",
      image: "registry.example.org/gocd/agent-deploy:7",
      alive: 1,
      starting: 0,
      idle: 0,
      building: 0,
      draining: 1,
      maxAgents: 2,
      frozen: true,
    },
    {
      name: "windows",
      image: "registry.example.org/gocd/agent-windows:ltsc2022",
      alive: 0,
      starting: 0,
      idle: 0,
      building: 0,
      draining: 0,
      frozen: false,
      blocked: "3 launches failed in a row (image cannot be pulled: manifest unknown); one is tried again in 3 min",
    },
  ],
  avoidedHosts: [{
    host: "mesos-agent-3.example.org",
    untilMs: sampleMs + 4 * minuteMs,
    reason: "2 launches failed there: no space left on device",
  }],
  problems: [
    {
      code: "image-pull-failed",
      message: "registry.example.org/gocd/agent-windows:ltsc2022 cannot be pulled: manifest unknown",
      hint: "check profiles.windows.docker-image, or log in to the registry on the Mesos agents",
    },
    {
      code: "no-profile-resources",
      message: "2 jobs ask for GoCD resources that no profile has: xcode, <i>linux</i>",
      hint: "add a profile with them, or list their pipelines under poller.ignore",
      locators: ["mobile/88/build/1/ios", `evil/1/stage/1/${hostileName}`],
    },
  ],
};

/** The decisions that led there, oldest first. */
export const sampleNotes: readonly NoteView[] = [
  {
    atMs: sampleMs - 3 * minuteMs,
    level: "info",
    code: "agent-launched",
    text: "launching 1 linux agent on mesos-agent-1.example.org: 2 jobs waited in 6 polls",
  },
  {
    atMs: sampleMs - 2 * minuteMs,
    level: "warning",
    code: "profile-failing",
    text: "windows: 3 launches failed in a row (image cannot be pulled: manifest unknown)",
  },
  {
    atMs: sampleMs - minuteMs,
    level: "info",
    code: "agent-draining",
    text: "gocd-mesos-k3x9ab-12 has been idle for 10 min: disabled, then taken down",
  },
  { atMs: sampleMs - 30_000, level: "error", code: "gocd-unreachable", text: `no answer while judging ${hostileName}` },
];

/** The same picture with as many jobs and instances as asked for. */
export function largeView(jobsCount: number, instancesCount: number): StatusView {
  const job = jobs[0];
  if (job === undefined) return sampleView;
  return {
    ...sampleView,
    jobs: Array.from({ length: jobsCount }, (_, index) => ({ ...job, locator: `shop/${index}/test/1/job` })),
    instances: Array.from({ length: instancesCount }, (_, index) => instance(index, "building", "builds")),
  };
}
