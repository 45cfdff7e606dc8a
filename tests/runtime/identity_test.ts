// The identity of the framework in Mesos.

import { assertEquals } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import { frameworkIdentity } from "../../src/runtime/identity.ts";

const text = `gocd-mesos {
  mesos-master: "m:5050", go-server { host: "gocd" }, go-agent { docker-image: "gocd/agent:1" }
}`;

for (
  const [more, want] of [
    ["", Deno.hostname()],
    ['gocd-mesos.mesos.hostname = "scheduler.example"', "scheduler.example"],
  ] as const
) {
  Deno.test(`the hostname of the framework is ${more === "" ? "that of the system" : "mesos.hostname"}`, () => {
    assertEquals(frameworkIdentity(loadConfig("f.conf", {}, () => `${text}\n${more}`)).hostname, want);
  });
}
