// The consequences of a changed file for a program in the sandbox. The restart itself: tests/binary.

import { assertEquals, assertMatch } from "@std/assert";
import type { Needs } from "../../src/sandbox/needs.ts";
import { answerOf } from "../../src/sandbox/supervisor.ts";

const now: Needs = {
  kind: "needs",
  rights: { net: ["m1:5050", "g:8153"], read: ["/etc/f.conf"], write: ["/var/s.db"], env: ["A"] },
  isAnyHost: false,
  isLasting: true,
  state: "/var/s.db",
};
const problem = { message: "f.conf:3: wrong", hint: "mend it", warnings: ["old"] };

for (
  const [name, next, want] of [
    ["a file with the same permissions is applied", now, { kind: "apply" }],
    [
      "changed hosts, files and variables are listed, and the program restarts",
      { ...now, rights: { ...now.rights, net: ["m2:5050", "g:8153"], read: ["/etc/f.conf", "/etc/pw"], env: [] } },
      { kind: "restart", changes: ["net +m2:5050", "net -m1:5050", "read +/etc/pw", "env -A"] },
    ],
    [
      "masters from ZooKeeper need permission for any host",
      { ...now, isAnyHost: true },
      { kind: "restart", changes: ["net +*", "net -m1:5050", "net -g:8153"] },
    ],
    ["an invalid file is refused with its warnings", { ...now, problem }, { kind: "refused", ...problem }],
    [
      "a file with another state is passed to the program",
      { ...now, state: "/var/t.db", rights: { ...now.rights, write: ["/var/t.db"] } },
      { kind: "apply" },
    ],
  ] as const
) {
  Deno.test(name, () => assertEquals(answerOf(now, next), want));
}

Deno.test("a change of the state together with hosts is refused", () => {
  const next = { ...now, state: "/var/t.db", rights: { ...now.rights, net: ["m2:5050"] } };
  const answer = answerOf(now, next);
  assertMatch(answer.kind === "refused" ? answer.message : answer.kind, /^state\.path changes together with hosts/);
});

Deno.test("an http.listen in use is refused before the program ends", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const next = {
    ...now,
    listen: { host: "127.0.0.1", port },
    rights: { ...now.rights, net: [...now.rights.net, `127.0.0.1:${port}`] },
  };
  const answer = answerOf(now, next);
  assertMatch(
    answer.kind === "refused" ? answer.message : answer.kind,
    /^cannot listen on http\.listen = "127\.0\.0\.1:\d+": another program uses this port$/,
  );
});
