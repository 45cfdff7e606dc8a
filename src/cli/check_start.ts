// The last rows of `check`: reasons to refuse a start although the file, the state and both servers are fine.

import type { Config } from "../config/config.ts";
import type { Finding } from "../core/event.ts";
import type { StoredState } from "../core/record.ts";
import type { StatusView } from "../core/view/view.ts";
import { wrongKeyCode } from "../core/words/findings.ts";
import { OperatorError } from "../errors.ts";
import { realClock } from "../runtime/clock.ts";
import { readRunning } from "../runtime/control_client.ts";
import { earlierLifeRefusal } from "../runtime/first_registration.ts";
import { openGocd, openMesos } from "../runtime/ports.ts";
import type { DurableState } from "../store/open.ts";
import { freshState } from "../store/record_codec.ts";
import { StoreError } from "../store/store_error.ts";
import { probeListen } from "../web/server.ts";
import type { Report } from "./report.ts";
import { requestsLimitMs, withinLimit } from "./time_limit.ts";

/** What `check` has found of the state. */
export interface StateFound {
  /** Absent: there is none yet, or it cannot be read. */
  readonly stored?: StoredState;
  /** Another instance uses it. */
  readonly inUse?: StoreError;
}

/** The error of another instance that uses the state. Throws any other reason why it cannot be opened. */
export function otherInstance(state: DurableState): StoreError | undefined {
  try {
    state.probe?.();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError && error.code === "state-locked") return error;
    throw error;
  }
}

/**
 * Reports why a start would be refused, or a reload if an instance runs, and what that instance has learnt about the
 * auto-register keys; the exit code of earlier rows takes precedence. Returns the picture of the running instance.
 */
export async function checkStart(
  config: Config,
  { stored, inUse }: StateFound,
  report: Report,
): Promise<StatusView | undefined> {
  try {
    const running = await readRunning(config);
    if (running === undefined && inUse !== undefined) throw inUse;
    const { listen } = config.http;
    // It may keep its own port.
    const isItsOwn = running !== undefined && Number(new URL(running.url).port) === listen?.port;
    if (listen !== undefined && !isItsOwn) probeListen(listen);
    if (running !== undefined) {
      const since = new Date(running.view.startedMs).toISOString();
      report.ok("start", `an instance runs (process ${running.pid}, since ${since}): it can reload this file`);
      for (const { message, hint } of refusedKeys(running.view)) report.warn("key", message, hint);
      return running.view;
    }
  } catch (error) {
    report.fail("start", error);
  }
  // Earlier failures prevent further checks.
  if (report.exitCode() === 0) await checkEarlierLife(config, stored, report);
  return undefined;
}

/** What the running instance reports about auto-register keys that the server refuses. */
export function refusedKeys({ problems }: StatusView): readonly Finding[] {
  return problems.filter(({ code }) => code === wrongKeyCode);
}

async function checkEarlierLife(config: Config, stored: StoredState | undefined, report: Report): Promise<void> {
  const gocd = openGocd(config, realClock);
  const mesos = openMesos(() => config, realClock);
  const state = stored ?? freshState("");
  const limit = {
    who: "GoCD and Mesos",
    limitMs: requestsLimitMs(config),
    hint: "check that neither server is overloaded",
  };
  try {
    const options = { gocd, mesos, clock: realClock, config: () => config, state: () => state };
    const refusal = await withinLimit(limit, (signal) => earlierLifeRefusal(options, signal));
    if (refusal === undefined) return;
    const { message, hint } = refusal;
    report.fail("start", new OperatorError(message, { code: "state-lost", kind: "refused", hint }));
  } catch (error) {
    report.fail("start", error);
  } finally {
    gocd.close();
    mesos.close();
  }
}
