// A separate process that uses a state file, to be killed or refused.

import type { StateRecord } from "../../src/core/record.ts";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { identity } from "./samples.ts";

const [act, path = ""] = Deno.args;
const say = (text: string): void => void Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

try {
  const store = openSqliteStore(path, { newLineage: () => "abc123" });
  const { framework } = await store.load();
  if (act === "hold") {
    say("open");
    await new Promise(() => setInterval(() => {}, 60_000));
  }
  const commitsMax = 100_000;
  for (let number = framework.nextTaskNumber + 1; number < commitsMax; number++) {
    const instances = ["a-1", "a-2", "a-3"].map((taskId): StateRecord => ({
      kind: "instance",
      instance: { ...identity(taskId), state: "unreachable", sinceMs: number },
    }));
    await store.commit([...instances, { kind: "framework", framework: { ...framework, nextTaskNumber: number } }]);
    say(String(number));
  }
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  say(JSON.stringify({ code: error.code, message: error.message, hint: error.hint }));
}
