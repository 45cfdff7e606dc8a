// A day of a small installation on virtual time, with its history: a quiet night with one large batch, working hours
// with a dip at noon, an image that is missing for an hour, an outage of the GoCD server, a lost host.

import type { Picture } from "../../src/core/view/picture.ts";
import { openHistory } from "../../src/history/history.ts";
import { Recorder } from "../../src/runtime/recorder.ts";
import { seededRandom } from "../../src/sim/mesos/sim_mesos.ts";
import { startVirtualServers, type VirtualServers } from "./cluster.ts";
import { startScheduler } from "./scheduler.ts";

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000] as const;

/** The result. */
export interface Day {
  readonly recorder: Recorder;
  readonly picture: Picture;
  /** When it ended. */
  readonly nowMs: number;
}

/** Jobs per minute by the hour of the day. */
const load = [
  ...[0.05, 0.05, 1.5, 0.3, 0.05, 0.1, 0.3, 0.8, 1.6, 2.2, 2.4, 1.4],
  ...[0.7, 1.8, 2.3, 2.5, 1.9, 1.2, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05],
];

const kinds = [
  { pipeline: "shop", stage: "build", gocdResources: ["linux"], meanMs: 4 * minute, share: 0.6 },
  { pipeline: "payments", stage: "test", gocdResources: ["linux", "java"], meanMs: 9 * minute, share: 0.3 },
  { pipeline: "app", stage: "ui", gocdResources: ["browser"], meanMs: 6 * minute, share: 0.1 },
] as const;

const profiles = `
  profiles {
    linux { resources = ["linux"], max-agents = 14, cpus = 1 }
    jvm { resources = ["linux", "java"], max-agents = 10, cpus = 2, docker-image = "agent-jvm:1" }
    browser { resources = ["browser"], max-agents = 6, cpus = 1, docker-image = "agent-browser:1" }
  }
  poller { interval = 15 seconds, attempts = 1, max-interval = 1 minute }
  scaling { idle-timeout = 8 minutes }`;

/** Runs the day, or its first hours, and closes everything except the history. */
export async function playDay(hours = 24): Promise<Day> {
  const cluster = startVirtualServers({ seed: 7, mesos: { mesosAgents: hosts() } });
  const { clock } = cluster;
  const recorder = new Recorder(
    openHistory(undefined, { keepMs: 7 * day, bytesMax: 64 * 1024 * 1024 }),
    clock,
  );
  const scheduler = await startScheduler(cluster, profiles, undefined, { recorder });
  const random = seededRandom(3);
  for (let passed = 0; passed < hours * hour; passed += minute) {
    const hourOfDay = Math.floor(passed / hour) % 24;
    troubles(cluster, passed / minute);
    for (let due = load[hourOfDay] ?? 0; due > 0; due--) {
      if (random() < due) schedule(cluster, random);
    }
    if (passed === 2 * hour + 5 * minute) { for (let job = 0; job < 40; job++) schedule(cluster, random); }
    await cluster.pass(minute);
  }
  const picture = scheduler.framework.picture();
  await scheduler.stop();
  await cluster.close();
  return { recorder, picture, nowMs: clock.nowMs() };
}

function hosts(): { hostname: string; resources: { cpus: number; mem: number; disk: number } }[] {
  const resources = { cpus: 8, mem: 32_768, disk: 100_000 };
  return [1, 2, 3, 4].map((number) => ({ hostname: `mesos-${number}.example.org`, resources }));
}

function schedule(cluster: VirtualServers, random: () => number): void {
  let dice = random();
  const kind = kinds.find(({ share }) => (dice -= share) < 0) ?? kinds[0];
  const { pipeline, stage, gocdResources, meanMs } = kind;
  const durationMs = Math.round(meanMs * (0.3 + 1.4 * random()));
  cluster.gocd.schedule({
    pipeline,
    stage,
    job: `job-${Math.floor(random() * 40)}`,
    gocdResources: [...gocdResources],
    durationMs,
  });
}

/** The faults by minute. */
function troubles(cluster: VirtualServers, atMinute: number): void {
  const { mesos, gocd, clock } = cluster;
  const host = (): string => mesos.view().mesosAgents[1]?.id ?? "";
  if (atMinute === 9 * 60) mesos.setImage("agent-browser:1", "everywhere");
  if (atMinute === 10 * 60 + 10) mesos.setImage("agent-browser:1", "nowhere");
  if (atMinute === 14 * 60 + 20) gocd.restart(12 * minute);
  if (atMinute === 16 * 60) mesos.stopMesosAgent(host(), clock.nowMs());
  if (atMinute === 16 * 60 + 40) mesos.returnMesosAgent(host(), "gone", clock.nowMs());
}
