// OpenTelemetry by Deno's own support: as described in docs/monitoring.md, by a process with only the permissions of
// its configuration file.

import { assert, assertEquals } from "@std/assert";
import { runFlags } from "../../scripts/flags.ts";
import { loadConfig } from "../../src/config/load.ts";
import { confFolder } from "../cli/support.ts";
import { startCluster } from "../support/cluster.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp.ts";

const root = new URL("../../", import.meta.url).pathname;

/** `check` of a file, in a process with exactly the rights of that file. */
async function check(conf: string, env: Readonly<Record<string, string>>): Promise<void> {
  const flags = runFlags(loadConfig(conf, {}));
  await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", `--config=${root}deno.json`, ...flags, `${root}main.ts`, "check", conf],
    env: { NO_COLOR: "1", ...env },
    stdout: "null",
    stderr: "null",
  }).output();
}

async function withReceiver(
  act: (receiver: OtlpReceiver, conf: string, gocdUrl: string) => Promise<void>,
): Promise<void> {
  const cluster = startCluster();
  const receiver = startOtlpReceiver();
  const folder = confFolder(cluster.configText('state.path = "s.db"'));
  try {
    await act(receiver, folder.conf, cluster.gocdHttp.url);
  } finally {
    folder.remove();
    await receiver.close();
    await cluster.close();
  }
}

Deno.test("with OTEL_DENO each request is a span, and the collector needs no permission", () =>
  withReceiver(async ({ url, spans }, conf, gocdUrl) => {
    await check(conf, {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "gocd-mesos",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
    });
    assert(spans.length > 3, `${spans.length} spans`);
    assertEquals(new Set(spans.map(({ service }) => service)), new Set(["gocd-mesos"]));
    const asked = spans.filter(({ attributes }) => attributes["url.full"]?.startsWith(`${gocdUrl}/api/`));
    assert(asked.length > 1, JSON.stringify(spans));
    assertEquals(new Set(asked.map(({ name }) => name)), new Set(["GET"]));
  }));

Deno.test("without OTEL_DENO no span is sent, even if an endpoint is set", () =>
  withReceiver(async ({ url, spans }, conf) => {
    await check(conf, { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_EXPORTER_OTLP_ENDPOINT: url });
    assertEquals(spans, []);
  }));
