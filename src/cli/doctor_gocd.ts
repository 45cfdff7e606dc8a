// What `doctor` checks on the GoCD server in addition to `check`: whether the account may change agents, names, the
// clock, and whether the key is plausible.

import type { Config } from "../config/config.ts";
import type { StatusView } from "../core/view/view.ts";
import { OperatorError } from "../errors.ts";
import type { GocdPoll } from "../gocd/api.ts";
import type { Machine } from "../runtime/machine.ts";
import { openGocd } from "../runtime/ports.ts";
import type { ClockSeen } from "./doctor_clocks.ts";
import { checkSpelling } from "./doctor_spelling.ts";
import { refusedKeys } from "./check_start.ts";
import type { Report } from "./report.ts";
import { gocdLimit, withinLimit } from "./time_limit.ts";

/** Reports all of it; returns the clock of the server, if it sends one. */
export async function doctorGocd(
  config: Config,
  poll: GocdPoll,
  { report, machine }: { readonly report: Report; readonly machine: Machine },
): Promise<ClockSeen | undefined> {
  const gocd = openGocd(config, machine);
  const limit = gocdLimit(config);
  try {
    const rights = await withinLimit(limit, (signal) => gocd.mayChange(signal));
    if (rights.admin === "yes") report.ok("rights", `changes of agents: ${rights.detail}`);
    else if (rights.admin === "unknown") report.warn("rights", `changes of agents: ${rights.detail}`, nothingToDo);
    else report.fail("rights", mayNotChange(rights.detail));
    const environments = await withinLimit(limit, (signal) => gocd.environments(signal));
    checkSpelling(config, poll, { environments: environments ?? [], report });
    const askedMs = machine.nowMs();
    const clockMs = await withinLimit(limit, (signal) => gocd.clockMs(signal));
    return clockMs === undefined
      ? undefined
      : { who: "the GoCD server", clockMs, askedMs, answeredMs: machine.nowMs() };
  } catch (error) {
    report.fail("gocd", error);
    return undefined;
  } finally {
    gocd.close();
  }
}

const nothingToDo = "nothing to do if the account is an administrator";

function mayNotChange(detail: string): OperatorError {
  return new OperatorError(`the account is not allowed to change agents: ${detail}`, {
    code: "gocd-too-few-rights",
    kind: "refused",
    hint: "make the account an administrator in GoCD: otherwise agents can be neither enabled nor removed",
  });
}

/** A real key is rarely shorter. */
const keyCharactersMin = 8;

/** What is suspicious about a key, in words without the key; `undefined`: nothing. */
export function oddKey(key: string): string | undefined {
  if (/\s/.test(key)) return "contains spaces or line breaks";
  if (/^["'].*["']$/.test(key)) return "has quotes as a part of it";
  if (/^[<$\[{]|change.?me|random_uuid|^x+$/i.test(key)) return "looks like a placeholder";
  if (key.length < keyCharactersMin) return `has only ${key.length} characters`;
  return undefined;
}

/**
 * Reports whether the key is plausible. `check` reports that it is missing, or that the `running` instance has seen the
 * server reject it.
 */
export function doctorKey(
  { gocd: { autoRegisterKey } }: Pick<Config, "gocd">,
  report: Report,
  running?: StatusView,
): void {
  if (autoRegisterKey === undefined) return;
  const odd = oddKey(autoRegisterKey.reveal());
  const isRefused = running !== undefined &&
    refusedKeys(running).some(({ subject }) => subject?.startsWith("go-agent.auto-register-key") === true);
  if (odd === undefined && isRefused) return;
  if (odd === undefined) {
    const text = "is set; whether the server accepts it is known once an agent registers";
    report.ok("key", `go-agent.auto-register-key ${text}`);
  } else {
    const hint = "compare it with agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)";
    report.warn("key", `go-agent.auto-register-key ${odd}`, hint);
  }
}
