import { assertEquals } from "@std/assert";
import { isNamingParameter, isNamingVariable, withoutNaming } from "../../../src/core/identity/agent_naming.ts";

for (
  const [key, value, isNaming] of [
    ["hostname", "box", true],
    ["domainname", "example.com", true],
    ["env", "AGENT_HOSTNAME=box", true],
    ["env", " AGENT_AUTO_REGISTER_HOSTNAME = box", true],
    ["env", "AGENT_HOSTNAME", true],
    ["env", "AGENT_MEM=256m", false],
    ["env", "X=AGENT_HOSTNAME", false],
    ["label", "AGENT_HOSTNAME=box", false],
    ["cap-add", "SYS_PTRACE", false],
  ] as const
) {
  Deno.test(`--${key}=${value} ${isNaming ? "names" : "does not name"} the agent`, () => {
    assertEquals(isNamingParameter({ key, value }), isNaming);
  });
}

Deno.test("of the variables of a container those that name the agent are left out", () => {
  const named = { AGENT_HOSTNAME: "a", AGENT_AUTO_REGISTER_HOSTNAME: "b" };
  assertEquals(withoutNaming({ ...named, AGENT_MEM: "256m" }), { AGENT_MEM: "256m" });
  assertEquals(Object.keys(named).map(isNamingVariable), [true, true]);
  assertEquals(isNamingVariable("AGENT_MEM"), false);
});
