// Preloaded into a child process (`deno run --preload`), which then runs on scaled time. Arguments are passed in an
// environment variable: "SPEED START_MS".

import { scaledMs, type TimeScale } from "./scaled_clock.ts";

const [speed, startMs] = (Deno.env.get("GOCD_MESOS_TEST_TIME") ?? "").split(" ").map(Number);

if (speed !== undefined && startMs !== undefined && speed > 0) {
  const scale: TimeScale = { speed, startMs };
  const realNow = Date.now;
  Date.now = () => scaledMs(scale, realNow());
  const steadyNow = performance.now.bind(performance);
  const steadyStartMs = steadyNow();
  performance.now = () => (steadyNow() - steadyStartMs) * speed;
  const { setTimeout: realTimeout, setInterval: realInterval } = globalThis;
  globalThis.setTimeout = ((act: () => void, ms = 0, ...rest: []) =>
    realTimeout(act, ms / speed, ...rest)) as typeof setTimeout;
  globalThis.setInterval = ((act: () => void, ms = 0, ...rest: []) =>
    realInterval(act, ms / speed, ...rest)) as typeof setInterval;
}
