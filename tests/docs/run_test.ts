// The examples of docs/run/ and docs/install.md: their fields are those of Mesos, and their files those of the release.

import { assertEquals } from "@std/assert";
import { messageType } from "../../src/mesos/proto/schema.ts";
import { version } from "../../src/version.ts";

const docs = new URL("../../docs/", import.meta.url);
const read = (name: string): string => Deno.readTextFileSync(new URL(name, docs));

/** Paths of what a message type does not know, for objects in the JSON mapping of protocol buffers. */
function unknownIn(value: unknown, typeName: string, path = ""): readonly string[] {
  const type = messageType(typeName);
  return Object.entries(value as Record<string, unknown>).flatMap(([name, given]) => {
    const field = type.fields[name];
    const at = `${path}/${name}`;
    if (field === undefined) return [at];
    if (field.resolvedType === null || !("fields" in field.resolvedType)) return [];
    const nested = field.resolvedType.fullName.slice(1);
    return (field.repeated ? given as unknown[] : [given]).flatMap((each) => unknownIn(each, nested, at));
  });
}

Deno.test("docs/run/mesos-task.json is a valid TaskInfo", () => {
  const task: Record<string, unknown> = JSON.parse(read("run/mesos-task.json"));
  assertEquals(unknownIn(task, "mesos.v1.TaskInfo"), []);
  assertEquals(unknownIn({ ...task, image: "x", "task_id": { id: "1" } }, "mesos.v1.TaskInfo"), [
    "/task_id/id",
    "/image",
  ]);
  const type = messageType("mesos.v1.TaskInfo");
  assertEquals(type.verify(type.fromObject(task)), null);
  assertEquals(JSON.parse(JSON.stringify(type.toObject(type.fromObject(task), { enums: String }))), task);
});

Deno.test("documents name only files of this release", () => {
  const named = ["install.md", "run/marathon.json", "run/mesos-task.json", "../README.md"].flatMap((page) =>
    [...read(page).matchAll(/gocd-mesos[-_](\d+\.\d+\.\d+)[-_]/g)].map(([, number]) => [page, number])
  );
  assertEquals(named.filter(([, number]) => number !== version), []);
  assertEquals(new Set(named.map(([page]) => page)).size >= 3, true);
});
