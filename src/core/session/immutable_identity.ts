// What Mesos never changes in a registered framework, and the configuration now says otherwise.

import type { Draft } from "../draft.ts";
import type { FrameworkRecord, RegisteredAs } from "../record.ts";

/** The record after SUBSCRIBED with this id: who a new id was made for stays until the next id. */
export function keepIdentity(framework: FrameworkRecord, frameworkId: string, now?: RegisteredAs): FrameworkRecord {
  const { ended: _, registeredAs: before, ...rest } = framework;
  // A record of an older program does not say: what is configured now is the best guess.
  const registeredAs = framework.frameworkId === frameworkId ? before ?? now : now;
  return { ...rest, frameworkId, ...(registeredAs === undefined ? {} : { registeredAs }) };
}

/** Says once which keys have no effect, and what to do. Name, roles, filters, capabilities and timeout are applied. */
export function noteKeptIdentity(draft: Draft): void {
  const { framework, settings } = draft.state;
  const { registeredAs: before } = framework;
  const { registersAs: now } = settings;
  if (before === undefined || now === undefined) return;
  const changes = [
    change("mesos.user", before.user, now.user),
    change("mesos.principal", before.principal, now.principal),
  ].flatMap((each) => each ?? []);
  if (changes.length === 0) return;
  draft.note({
    level: "warning",
    code: "identity-kept",
    text: `Mesos keeps of framework ${framework.frameworkId ?? "?"} what it was first registered with: ${
      changes.join(", ")
    }`,
    hint: "set the keys back, or give the framework up with `gocd-mesos teardown FILE` and start again",
    fields: { frameworkId: framework.frameworkId ?? "" },
    onceKey: changes.join(", "),
  });
}

function change(key: string, before: string | undefined, now: string | undefined): string | undefined {
  return before === now ? undefined : `${key} is ${word(before)}, not ${word(now)}`;
}

function word(value: string | undefined): string {
  return value === undefined ? "none" : `'${value}'`;
}
