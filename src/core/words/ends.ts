// Why the program or its session ends, in words. Not here: ending it.

/** What to do where Mesos has removed a framework that has agents on record. */
export const removedHint: string = "make sure that these agents are gone (`gocd-mesos state show FILE`), " +
  "then run `gocd-mesos state forget-framework FILE`";

/** Messages of the effects that end something. */
export const endTexts = {
  failedOver: "another instance has taken over (Mesos: Framework failed over)",
  removed: `Mesos has removed our framework; ${removedHint}`,
  tornDown: "the framework is torn down",
  idUnstored: "the framework id cannot be stored",
} as const;

/** Why an instance that leads does nothing. */
export const tornDownBefore = {
  text: "the framework of this state was torn down by the operator: no new one is registered",
  hint: "`gocd-mesos resume FILE` on this machine registers a new one; stop this instance if none is wanted",
} as const;
