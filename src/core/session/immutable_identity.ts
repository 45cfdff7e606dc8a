// Properties of a registered framework that Mesos never changes, but that differ from the configuration.

import type { Draft } from "../draft.ts";
import type { KeptField } from "../note.ts";
import type { FrameworkRecord, RegisteredAs } from "../record.ts";

/** The record after SUBSCRIBED with this id: the identity of a new id is kept until the next id. */
export function keepIdentity(framework: FrameworkRecord, frameworkId: string, now?: RegisteredAs): FrameworkRecord {
  const { ended: _, registeredAs: before, ...rest } = framework;
  // A record of an older version lacks it: the current configuration is the best guess.
  const registeredAs = framework.frameworkId === frameworkId ? before ?? now : now;
  return { ...rest, frameworkId, ...(registeredAs === undefined ? {} : { registeredAs }) };
}

/**
 * Reports once which keys have no effect, and what to do. Name, roles, filters, capabilities and timeout are applied.
 */
export function noteKeptIdentity(draft: Draft): void {
  const { framework, settings } = draft.state;
  const { registeredAs: before, frameworkId } = framework;
  const { registersAs: now } = settings;
  if (before === undefined || now === undefined || frameworkId === undefined) return;
  const fields = [
    kept("mesos.user", before.user, now.user),
    kept("mesos.principal", before.principal, now.principal),
  ].flatMap((each) => each ?? []);
  if (fields.length === 0) return;
  draft.note({
    kind: "identity-kept",
    frameworkId,
    fields,
    onceKey: JSON.stringify(fields),
  });
}

function kept(key: string, before: string | undefined, now: string | undefined): KeptField | undefined {
  if (before === now) return undefined;
  return { key, ...(before === undefined ? {} : { kept: before }), ...(now === undefined ? {} : { configured: now }) };
}
