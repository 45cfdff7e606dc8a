// The name that Docker gives a container, in the output of `docker inspect`: Mesos sends it with TASK_RUNNING.

import { assertEquals } from "@std/assert";
import { type DecodedEvent, decodeEvent } from "../../src/mesos/from_proto.ts";
import { encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";

const updateOf = (status: WireRecord): DecodedEvent =>
  decodeEvent(encodeEvent({ type: "UPDATE", update: { status: { "task_id": { value: "t1" }, ...status } } }));

const dockerId = "7d08e0c08897787125749d5bce7287a883accaa5247c35f660ce755c768ad309";
const told: readonly (readonly [string, unknown, string | undefined])[] = [
  ["as Docker has chosen it", [{ Id: dockerId, Config: { Hostname: "7d08e0c08897", Env: ["A=1"] } }], "7d08e0c08897"],
  ["by a shim that tells the id only", [{ Id: dockerId }], "7d08e0c08897"],
  ["by somebody, as all may know", [{ Id: dockerId, Config: { Hostname: "gocd-abc123-linux-7" } }], undefined],
  ["in a few digits, which can be guessed", [{ Id: dockerId, Config: { Hostname: "7d" } }], undefined],
  ["by nobody", [], undefined],
  ["in another executor's own words", { Id: dockerId }, undefined],
  ["by an id that is none", [{ Id: "7d08e0c08897" }], undefined],
];
for (const [name, data, dockerName] of told) {
  Deno.test(`the name of a container comes with TASK_RUNNING: ${name}`, () => {
    const bytes = new TextEncoder().encode(JSON.stringify(data));
    const named = (state: string): unknown => {
      const event = updateOf({ state, data: bytes });
      return event.kind === "task-status-updated" ? event.status.dockerName : event;
    };
    assertEquals([named("TASK_RUNNING"), named("TASK_STARTING")], [dockerName, undefined]);
  });
}

Deno.test("data of a status that is not a text at all names no container", () => {
  const event = updateOf({ state: "TASK_RUNNING", data: Uint8Array.of(0xff, 0, 1) });
  assertEquals(event.kind === "task-status-updated" && event.status.dockerName, undefined);
});
