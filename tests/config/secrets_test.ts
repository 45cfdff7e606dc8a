// Secrets: their sources, and that they are never shown. Other values: load_test.ts.

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { processEnv } from "../../src/config/env.ts";
import { loadConfig } from "../../src/config/load.ts";
import { keys } from "../../src/config/keys.ts";
import { loadKeys, problemsOf, reading, revealed, withKeys } from "./support.ts";

const secretKeys = keys.filter((spec) => spec.type === "secret").map((spec) => spec.path);

Deno.test("the JSON and the inspection of a configuration contain no secret", () => {
  const written = `
    mesos-master = "zk://u:hunter1@z/mesos"
    state = "zk://u:hunter2@z/x"
    mesos { principal = p, secret = hunter3 }
    go-server { user-name = u, password = hunter4 }
    go-agent.auto-register-key = hunter5
    http.admin-token = hunter6`;
  const config = loadKeys(written);
  for (const shown of [JSON.stringify(config), Deno.inspect(config, { depth: 20, showHidden: true }), `${config}`]) {
    assertEquals(/hunter/.test(shown), false);
  }
  assertEquals(config.gocd.autoRegisterKey?.source, "go-agent.auto-register-key");
});

Deno.test("no error contains the value of an invalid secret key", () => {
  for (const key of secretKeys) {
    for (
      const keys of [
        `${key} = hunter2 *`,
        `${key} = "hunter2`,
        `${key} = hunter2 [1]`,
        `${key} = [hunter2]`,
        `${key} { x = hunter2 }`,
        `${key}x = hunter2`,
        `${key} hunter2`,
        `${key} = hunter2\n ${key}-file = none`,
        `${key} = hunter2\n frobnicate = 1`,
      ]
    ) {
      const error = problemsOf(withKeys(keys));
      for (const shown of [JSON.stringify(error), Deno.inspect(error), error.stack ?? "", error.message, error.hint]) {
        assertEquals(shown.includes("hunter2"), false, `${keys}: ${shown}`);
      }
    }
  }
});

Deno.test("a secret in a file is read at each use, without its last line break", () => {
  const files: Record<string, string> = { "/conf/secret": "first\n" };
  const read = reading(withKeys("go-server { user-name = u, password-file = secret }"), files);
  const { gocd, readFiles } = loadConfig(
    "/conf/framework.conf",
    {},
    (path) => path === "/conf/secret" ? reading("", files)(path) : read(path),
  );
  const password = (): unknown => revealed(gocd.credentials)["password"];
  assertEquals(password(), "first");
  files["/conf/secret"] = "second \n\n";
  assertEquals(password(), "second \n");
  delete files["/conf/secret"];
  const error = assertThrows(password, ConfigError) as ConfigError;
  assertEquals([error.code, error.problems[0]?.key], ["config-secret-file", "go-server.password-file"]);
  assertStringIncludes(error.message, "/conf/secret");
  assertEquals(readFiles, ["/conf/secret"]);
});

Deno.test("a byte order mark and one line break are removed from a secret in a variable or a file", () => {
  for (const written of ["hunter2\n", "\uFEFFhunter2\r\n", "hunter2"]) {
    const ofEnv = loadKeys("go-server { user-name = u, password = ${P} }", { env: { P: written } });
    const ofFile = loadKeys("go-server { user-name = u, password-file = p }", { files: { "/conf/p": written } });
    for (const { gocd, warnings, details } of [ofEnv, ofFile]) {
      assertEquals([revealed(gocd.credentials)["password"], warnings], ["hunter2", []]);
      assertEquals(details.length, written === "hunter2" ? 0 : 1);
      assertEquals(details.join().includes("hunter2"), false);
    }
  }
});

Deno.test("a secret that still starts or ends with whitespace is a warning without the secret", () => {
  const { warnings } = loadKeys("go-server { user-name = u, password = ${P} }", { env: { P: "hunter2\n\n" } });
  assertEquals(warnings, [
    "/conf/framework.conf:5: go-server.password starts or ends with whitespace, which is treated as part of it",
  ]);
});

Deno.test("characters removed from a secret are reported at debug level with key and line", () => {
  const ofEnv = loadKeys("http.admin-token = ${T}", { env: { T: "\uFEFFt\n" } });
  assertEquals(ofEnv.details, [
    "/conf/framework.conf:5: http.admin-token: removed a byte order mark and a line break from the secret",
  ]);
  const ofFile = loadKeys("go-agent.auto-register-key-file = k", { files: { "/conf/k": "k\n" } });
  assertEquals(ofFile.details, [
    "/conf/framework.conf:5: go-agent.auto-register-key-file: removed a line break from the secret",
  ]);
});

/** Other keys that a secret requires. */
const partners: Readonly<Record<string, string>> = {
  "go-server.password": "go-server.user-name = u",
  "notify.webhooks.NAME.secret": 'notify.webhooks.NAME.url = "http://h/"',
};

Deno.test("a missing or empty secret file is a problem with its key and path", () => {
  for (const key of secretKeys) {
    const keys = `mesos.principal = p\n${partners[key] ?? ""}\n`;
    const missing = problemsOf(withKeys(`${keys}${key}-file = "/run/none"`));
    assertEquals(missing.problems.map((problem) => [problem.code, problem.key]), [[
      "config-secret-file",
      `${key}-file`,
    ]]);
    assertStringIncludes(missing.message, "/run/none: it does not exist");
    const empty = problemsOf(withKeys(`${keys}${key}-file = "/run/empty"`), { files: { "/run/empty": "\n" } });
    assertStringIncludes(empty.message, "/run/empty is empty");
  }
});

Deno.test("a secret both in the configuration and in a separate file is a conflict", () => {
  const error = problemsOf(withKeys('go-agent { auto-register-key = a, auto-register-key-file = "/f" }'), {
    files: { "/f": "b" },
  });
  assertEquals(error.problems.map((problem) => [problem.code, problem.key]), [
    ["config-conflict", "go-agent.auto-register-key-file"],
  ]);
});

Deno.test("empty credentials are treated as absent", () => {
  const config = loadKeys('go-server { user-name = "", password = "" }, go-agent.auto-register-key = ""');
  assertEquals(config.gocd.credentials, { kind: "none" });
  assertEquals(config.gocd.autoRegisterKey, undefined);
});

Deno.test("a CA file is read, and a missing or invalid one is a problem", () => {
  const pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
  const config = loadKeys("go-server.ca-file = ca.pem, mesos.ca-file = ca.pem", { files: { "/conf/ca.pem": pem } });
  assertEquals([config.gocd.caCerts, config.mesos.caCerts], [[pem], [pem]]);
  assertEquals(config.readFiles, ["/conf/ca.pem"]);
  const missing = problemsOf(withKeys("mesos.ca-file = ca.pem"));
  assertEquals([missing.code, missing.problems[0]?.key], ["config-bad-value", "mesos.ca-file"]);
  assertStringIncludes(
    problemsOf(withKeys("mesos.ca-file = ca.pem"), { files: { "/conf/ca.pem": "x" } }).message,
    "PEM",
  );
});

Deno.test("processEnv returns the variables of the process, and nothing for invalid names", () => {
  Deno.env.set("GOCD_MESOS_TEST", "value");
  try {
    const env = processEnv();
    assertEquals(env["GOCD_MESOS_TEST"], "value");
    for (const name of ["", "a=b", "toString", "__proto__"]) assertEquals(env[name], undefined, name);
  } finally {
    Deno.env.delete("GOCD_MESOS_TEST");
  }
  assert(loadKeys("", { env: processEnv() }).path.endsWith("framework.conf"));
});
