// The environment variables with which a container registers its agent.

import { assertEquals } from "@std/assert";
import { serverAt } from "../support/addresses.ts";
import { registrationEnvironment } from "../../src/gocd/registration.ts";

Deno.test("a container has the registration variables of all agent images", () => {
  assertEquals(
    registrationEnvironment({
      agentUrl: serverAt("https://gocd.test:8154/go"),
      autoRegisterKey: "key",
      taskId: "gocd-1",
      gocdResources: ["linux", "Big Mem"],
      environment: "prod",
    }),
    {
      GO_SERVER_URL: "https://gocd.test:8154/go",
      GO_SERVER: "gocd.test",
      GO_SERVER_PORT: "8154",
      AGENT_AUTO_REGISTER_KEY: "key",
      AGENT_KEY: "key",
      AGENT_AUTO_REGISTER_RESOURCES: "linux,Big Mem",
      AGENT_RESOURCES: "linux,Big Mem",
      AGENT_AUTO_REGISTER_ENVIRONMENTS: "prod",
      AGENT_ENVIRONMENTS: "prod",
      AGENT_AUTO_REGISTER_HOSTNAME: "gocd-1",
      AGENT_HOSTNAME: "gocd-1",
    },
  );
});

Deno.test("absent registration values are left out, and the port defaults to that of the scheme", () => {
  for (const [url, port] of [["http://gocd.test/go", "80"], ["https://gocd.test/go", "443"]] as const) {
    assertEquals(registrationEnvironment({ agentUrl: serverAt(url), taskId: "gocd-1", gocdResources: [] }), {
      GO_SERVER_URL: url,
      GO_SERVER: "gocd.test",
      GO_SERVER_PORT: port,
      AGENT_AUTO_REGISTER_HOSTNAME: "gocd-1",
      AGENT_HOSTNAME: "gocd-1",
    });
  }
});
