// Reports of Mesos about containers contain no values of secret variables.

import { assertEquals } from "@std/assert";
import { configRedactor } from "../../src/runtime/redaction.ts";
import { load, withKeys } from "../config/support.ts";

Deno.test("secrets in the command line of a failed launch are redacted", () => {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, "token-in-a-file\n");
  try {
    const config = load(withKeys(`
      go-agent.auto-register-key = right-key
      go-agent.env { NPM_TOKEN = value-of-npm, DEBUG = "true" }
      profiles.p { env { MORE = value-of-profile }, env-files { X = "${file}", Y = "/nowhere" } }`));
    const redact = configRedactor(() => config);
    const line =
      "Failed to run 'docker run -e GO_AUTO_REGISTER_KEY=right-key -e NPM_TOKEN=value-of-npm -e DEBUG=true " +
      "-e MORE=value-of-profile -e X=token-in-a-file agent:1'";
    assertEquals(
      redact(line),
      "Failed to run 'docker run -e GO_AUTO_REGISTER_KEY=*** -e NPM_TOKEN=*** -e DEBUG=true -e MORE=*** -e X=*** agent:1'",
    );
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("the URL and the secret of a webhook are redacted", () => {
  const config = load(withKeys('notify.webhooks.t { url = "https://h.example/T0/B0", secret = hunter2 }'));
  assertEquals(configRedactor(() => config)("POST https://h.example/T0/B0 with hunter2"), "POST *** with ***");
});
