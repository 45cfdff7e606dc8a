// `gocd-mesos notify-test`: sends one message to each webhook, and prints the responses.

import { requireKeys } from "../config/load.ts";
import type { WebhookConfig } from "../config/config.ts";
import { OperatorError } from "../errors.ts";
import { testMessage } from "../notify/message.ts";
import { send } from "../notify/send.ts";
import { version } from "../version.ts";
import { type Command, oneFile } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadNeeded } from "./load.ts";
import { type Report, reportRows } from "./report.ts";
import { UsageError } from "./usage.ts";

/** The required keys; the rest of the file may be invalid. */
const notifyKeys = /^notify(\.|$)/;

/** The command. */
export const notifyTestCommand: Command = {
  name: "notify-test",
  summary: "send a test message to each webhook, and print the responses",
  help: `Usage: gocd-mesos notify-test [--json] path/to/framework.conf [--webhook NAME]

Sends one message to each webhook of notify.webhooks, with the event "test" and the state "ended", and prints the
response. It needs no running instance, and contacts neither server. Nothing is retried here; a running instance would
keep messages that a webhook refuses, and retry them.

Options:
  --webhook NAME   only this one
  --json           one JSON object with a row for each webhook and the exit code

Exit codes:
  0 all have accepted it   2 there is no such webhook, or the file is wrong   3 a message was not accepted

Examples:
  gocd-mesos notify-test framework.conf
  gocd-mesos notify-test framework.conf --webhook team`,
  booleans: ["json"],
  strings: ["webhook"],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const part = loadNeeded(path, io, { keys: notifyKeys, wantsSecret: (key) => notifyKeys.test(key) });
    requireKeys(part, notifyKeys);
    const { config } = part;
    const { webhooks } = config.notify;
    const { name: frameworkName } = config.mesos;
    const { advertise: url } = config.http;
    const sender = { version, frameworkName, ...(url === undefined ? {} : { url }) };
    const tested = chosen(webhooks, flags["webhook"]);
    return await reportRows(flags["json"] === true, io, (report) => testAll(tested, sender, { report, io }));
  },
};

function chosen(webhooks: readonly WebhookConfig[], name: unknown): readonly WebhookConfig[] {
  if (webhooks.length === 0) {
    throw new OperatorError("there are no webhooks in the configuration", {
      code: "no-webhooks",
      kind: "usage",
      hint: "write notify.webhooks, as `gocd-mesos example-config` shows it",
    });
  }
  if (typeof name !== "string") return webhooks;
  const found = webhooks.filter((each) => each.name === name);
  if (found.length > 0) return found;
  throw new UsageError(`there is no webhook ${name}`, `webhooks are: ${webhooks.map((each) => each.name).join(", ")}`);
}

async function testAll(
  webhooks: readonly WebhookConfig[],
  sender: Parameters<typeof testMessage>[0],
  { report, io: { machine } }: { readonly report: Report; readonly io: CliIo },
): Promise<void> {
  const { signal } = new AbortController();
  for (const webhook of webhooks) {
    const startMs = machine.nowMs();
    const message = testMessage(sender, startMs, crypto.randomUUID());
    const result = await send(webhook, { message, lost: 0 }, { ...machine, signal });
    const place = `${webhook.format} to ${webhook.address.host}`;
    if (result.kind === "delivered") {
      report.ok(webhook.name, `${place}: ${result.status} (${machine.nowMs() - startMs} ms)`);
      continue;
    }
    const { what, hint } = result;
    report.fail(webhook.name, new OperatorError(`${place}: ${what}`, { code: "webhook", kind: "unreachable", hint }));
  }
}
