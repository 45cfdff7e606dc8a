// The embedded schema equals that of the .proto files, and loads without permissions.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { enumWords, messageType } from "../../src/mesos/proto/schema.ts";
import { schemaTextSource } from "../../scripts/proto.ts";

Deno.test("schema_text.ts equals the text that scripts/proto.ts generates from the .proto files", () => {
  const written = Deno.readTextFileSync(new URL("../../src/mesos/proto/schema_text.ts", import.meta.url));
  assertEquals(written, schemaTextSource());
  assertStringIncludes(written, "message TaskInfo { required string name = 1;");
});

Deno.test("names missing in the schema are an error", () => {
  assertThrows(() => messageType("mesos.v1.Nothing"));
  assertThrows(() => enumWords("mesos.v1.Nothing"));
});

Deno.test({ name: "the schema loads without any permission", permissions: "none" }, () => {
  assertEquals(messageType("mesos.v1.scheduler.Event").fields["type"]?.id, 1);
});
