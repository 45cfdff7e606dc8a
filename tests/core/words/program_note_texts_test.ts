// The lines that operators read of the program around the core, and of what commands lead to: each once, word for word.

import { assertEquals } from "@std/assert";
import { clocksOf, orphanClocks } from "../../../src/core/profile_of.ts";
import { webhookFailing } from "../../../src/core/words/conditions.ts";
import { onceDueText } from "../../../src/core/words/reasons.ts";
import { jobsUnserved, moreUnserved } from "../../../src/core/words/problems.ts";
import { second } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { testNotes } from "./note_rows.ts";

testNotes([
  [
    { kind: "mesos-failed", message: "the connection was refused", code: "mesos-unreachable", hint: "check the port" },
    "error mesos-unreachable: the connection was refused; retried until it succeeds | check the port",
    {},
  ],
  [
    { kind: "mesos-failed", message: "x is undefined" },
    "error mesos-error: x is undefined; retried until it succeeds | please report this line: it is a bug in gocd-mesos",
    {},
  ],
  [
    { kind: "mesos-steady", master: "m:5050" },
    "info mesos-steady: the subscription to the Mesos master m:5050 is stable again",
    { master: "m:5050" },
  ],
  [
    { kind: "store-failed", problem: "the state cannot be stored: disk full", hint: "free some space" },
    "error store-failed: the state cannot be stored: disk full; nothing is launched or taken down until it can | free some space",
    {},
  ],
  [
    { kind: "store-failed", problem: "the state cannot be stored" },
    "error store-failed: the state cannot be stored; nothing is launched or taken down until it can | check the disk of state.path",
    {},
  ],
  [{ kind: "store-works" }, "info store-works: the state can be stored again", {}],
  [
    { kind: "page-failed", message: "x is undefined" },
    "error page-failed: the status page could not be rendered: x is undefined | please report this line: it is a bug in gocd-mesos",
    {},
  ],
  [
    { kind: "no-control-file", why: "the folder is read-only", hint: "make it writable" },
    "warning no-control-file: the commands drain, freeze, resume, teardown and why will not find this instance: " +
    "the folder is read-only | make it writable",
    {},
  ],
  [
    { kind: "history-in-memory", why: "the state is in ZooKeeper", hint: "set history.path" },
    "warning history-in-memory: the history is kept in memory and ends with this run: the state is in ZooKeeper | " +
    "set history.path",
    {},
  ],
  [
    { kind: "history-failed", problem: "cannot write the history in h.db: disk full", hint: "free some space" },
    "warning history-failed: cannot write the history in h.db: disk full; the program continues, and history that " +
    "cannot be written is dropped | free some space",
    {},
  ],
  [{ kind: "history-works" }, "info history-works: the history can be written again", {}],
  [{ kind: "leading" }, "info leading: this instance leads", {}],
  [{ kind: "standing-by", leader: "b:8090" }, "info standing-by: on standby: b:8090 leads", { leader: "b:8090" }],
  [
    { kind: "election-interrupted", message: "the session was lost", hint: "check ZooKeeper" },
    "warning election-interrupted: the session was lost; this instance is on standby and takes part in the election again | " +
    "check ZooKeeper",
    {},
  ],
  [
    { kind: "webhook-failed", webhook: "team", what: "404: no_team", hint: "check the URL" },
    "error webhook-failed: messages to webhook team cannot be delivered: 404: no_team | check the URL",
    { webhook: "team" },
  ],
  [
    { kind: "webhook-works", webhook: "team", failedForMs: 300 * second },
    "info webhook-works: messages to webhook team are delivered again after 5 min",
    { webhook: "team" },
  ],
  [
    { kind: "webhook-message-lost", webhook: "team", why: "too-many" },
    "warning webhook-message-lost: a message to webhook team is lost: too many were waiting",
    { webhook: "team" },
  ],
  [
    { kind: "webhook-message-lost", webhook: "team", why: "too-old" },
    "warning webhook-message-lost: a message to webhook team is lost: it could not be delivered for a day",
    { webhook: "team" },
  ],
  [
    { kind: "webhook-message-lost", webhook: "team", why: "unwanted" },
    "warning webhook-message-lost: a message to webhook team is lost: the receiver refused it",
    { webhook: "team" },
  ],
  [
    { kind: "torn-down-before" },
    "warning torn-down-before: the framework of this state was torn down by the operator: no new one is registered | " +
    "`gocd-mesos resume FILE` on this machine registers a new one; stop this instance if none is wanted",
    {},
  ],
  [
    { kind: "told-not-kept", problem: "disk full" },
    "warning told-not-kept: cannot store which notifications were sent: disk full | make the folder of the state writable; " +
    "until then ongoing problems are sent again after a restart",
    { problem: "disk full" },
  ],
]);

Deno.test("a webhook that fails is a problem with what the receiver said", () => {
  assertEquals(webhookFailing("team", "404: no_team", "check the URL"), {
    code: "webhook-failing",
    message: "messages to webhook team cannot be delivered: 404: no_team",
    hint: "check the URL",
    subject: "team",
  });
});

Deno.test("when a job is due is reported in polls, or as immediately", () => {
  assertEquals(onceDueText({ profile: "linux" }, 0), "profile linux: launched at once");
  assertEquals(
    onceDueText({ profile: "linux" }, 5),
    "profile linux: launched once seen in more than 5 polls in a row (poller.attempts)",
  );
});

Deno.test("an instance whose profile is gone uses the default timeouts", () => {
  const linux = aProfile({ name: "linux", registerTimeoutMs: 90 * second });
  assertEquals(clocksOf({ profiles: [linux] }, "linux").registerTimeoutMs, 90 * second);
  assertEquals(clocksOf({ profiles: [linux] }, "windows"), orphanClocks);
  assertEquals(orphanClocks, { registerTimeoutMs: 600 * second, killGraceMs: 30 * second });
});

Deno.test("whatever is missing besides the first ten is reported by name, if it has one", () => {
  const first = { verdict: "unserved", reason: { kind: "no-profile" }, gocdResources: [] } as never;
  const lack = (name: string) =>
    ({ kind: "resource", name, isElsewhere: true, nearest: "linux", count: 2, first }) as never;
  assertEquals(
    moreUnserved([lack("a"), lack("b")]).message,
    "jobs are not served by any profile for 2 other reasons, among them resources a, b",
  );
  assertEquals(
    moreUnserved([..."abcdefghijkl"].map(lack)).message,
    "jobs are not served by any profile for 12 other reasons, among them resources a, b, c, d, e, f, g, h, i, j",
  );
  assertEquals(moreUnserved([lack("a")]).subject, "more");
  assertEquals(jobsUnserved(lack("GPU")).subject, "resource gpu");
  assertEquals(
    moreUnserved([{ kind: "other", count: 1, first } as never]).message,
    "jobs are not served by any profile for 1 other reason",
  );
  assertEquals(
    jobsUnserved(lack("a")).message,
    "2 jobs are not served by any profile: no profile has resource a together with everything else that they need",
  );
  // What distinguishes the problem from others of its kind, whatever the case of the names.
  const needs = { ...(first as object), gocdResources: ["Linux", "X"] } as never;
  assertEquals(jobsUnserved({ kind: "other", count: 1, first: needs }).subject, "no-profile  linux x");
  const inProd = { ...(needs as object), environment: "Prod" } as never;
  assertEquals(jobsUnserved({ kind: "other", count: 1, first: inProd }).subject, "no-profile prod linux x");
});
