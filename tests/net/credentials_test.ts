// Redaction of credentials in external texts. More: tests/gocd/problems_test.ts, tests/mesos/leader_login_test.ts.

import { assertEquals } from "@std/assert";
import { redactorOf } from "../../src/net/credentials.ts";
import { Secret } from "../../src/secret.ts";

Deno.test("if a secret can no longer be read, texts of the server are redacted completely", () => {
  const token = new Secret("mesos.token-file", () => {
    throw new Error("No such file");
  });
  assertEquals(redactorOf({ kind: "bearer", token })("401 for the-former-token"), "***");
});

Deno.test("a password is redacted as it is and as part of the login", () => {
  const password = new Secret("p", () => "correct horse");
  const redact = redactorOf({ kind: "basic", userName: "ci", password });
  assertEquals(redact(`no ${btoa("ci:correct horse")} or correct horse`), "no *** or ***");
});
