// What a changed file means for a program in the sandbox. Not here: that it is started again (tests/binary).

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
    ["the same rights are enough", now, { kind: "apply" }],
    [
      "another host, file and variable are told one by one, and the program starts again",
      { ...now, rights: { ...now.rights, net: ["m2:5050", "g:8153"], read: ["/etc/f.conf", "/etc/pw"], env: [] } },
      { kind: "restart", changes: ["net +m2:5050", "net -m1:5050", "read +/etc/pw", "env -A"] },
    ],
    [
      "masters that only ZooKeeper knows are any host",
      { ...now, isAnyHost: true },
      { kind: "restart", changes: ["net +*", "net -m1:5050", "net -g:8153"] },
    ],
    ["a wrong file is refused with its warnings", { ...now, problem }, { kind: "refused", ...problem }],
    [
      "another state is told by the program, which goes on with the old one",
      { ...now, state: "/var/t.db", rights: { ...now.rights, write: ["/var/t.db"] } },
      { kind: "apply" },
    ],
  ] as const
) {
  Deno.test(name, () => assertEquals(answerOf(now, next), want));
}

Deno.test("another state together with another host is refused: the run with the new host would take the new state", () => {
  const next = { ...now, state: "/var/t.db", rights: { ...now.rights, net: ["m2:5050"] } };
  const answer = answerOf(now, next);
  assertMatch(answer.kind === "refused" ? answer.message : answer.kind, /^state\.path changes together with hosts/);
});

Deno.test("an http.listen that is taken is refused before the program ends", () => {
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
