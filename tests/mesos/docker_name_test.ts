// The name that Docker gives a container, in the output of `docker inspect`, which Mesos sends with TASK_RUNNING.

import { assertEquals } from "@std/assert";
import { type DecodedEvent, decodeEvent } from "../../src/mesos/from_proto.ts";
import { encodeEvent, type WireRecord } from "../../src/mesos/proto/wire.ts";

const updateOf = (status: WireRecord): DecodedEvent =>
  decodeEvent(encodeEvent({ type: "UPDATE", update: { status: { "task_id": { value: "t1" }, ...status } } }));

const dockerId = "7d08e0c08897787125749d5bce7287a883accaa5247c35f660ce755c768ad309";
const told: readonly (readonly [string, unknown, string | undefined])[] = [
  [
    "the name is the one chosen by Docker",
    [{ Id: dockerId, Config: { Hostname: "7d08e0c08897", Env: ["A=1"] } }],
    "7d08e0c08897",
  ],
  ["a shim reports only the id", [{ Id: dockerId }], "7d08e0c08897"],
  ["a name chosen by a person is ignored", [{ Id: dockerId, Config: { Hostname: "gocd-abc123-linux-7" } }], undefined],
  ["a short name, which can be guessed, is ignored", [{ Id: dockerId, Config: { Hostname: "7d" } }], undefined],
  ["an empty list contains no name", [], undefined],
  ["the data of another executor is ignored", { Id: dockerId }, undefined],
  ["an invalid id is ignored", [{ Id: "7d08e0c08897" }], undefined],
];
for (const [name, data, dockerName] of told) {
  Deno.test(`the name of a container is read from TASK_RUNNING: ${name}`, () => {
    const bytes = new TextEncoder().encode(JSON.stringify(data));
    const named = (state: string): unknown => {
      const event = updateOf({ state, data: bytes });
      return event.kind === "task-status-updated" ? event.status.dockerName : event;
    };
    assertEquals([named("TASK_RUNNING"), named("TASK_STARTING")], [dockerName, undefined]);
  });
}

Deno.test("binary data of a status contains no container name", () => {
  const event = updateOf({ state: "TASK_RUNNING", data: Uint8Array.of(0xff, 0, 1) });
  assertEquals(event.kind === "task-status-updated" && event.status.dockerName, undefined);
});
