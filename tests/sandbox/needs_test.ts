// The permissions of a command line in the sandbox. That Deno enforces them: tests/binary.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { commands } from "../../src/cli/commands.ts";
import { serverUrlText } from "../../src/net/addresses.ts";
import { needsOf } from "../../src/sandbox/needs.ts";
import { confFolder } from "../cli/support.ts";

const text = `gocd-mesos {
  mesos-master = "m:5050", go-server { host = g, port = 8153, password-file = pw, user-name = u }
  go-agent { docker-image = "agent:1", env { A = \${?OTHER} } }, http.listen = "127.0.0.1:8090"
}`;

/** Calls with a configuration beside which its secret lies. */
function withConf(act: (conf: string, folder: string) => void, conf = text): void {
  const folder = confFolder(conf);
  Deno.writeTextFileSync(`${folder.path}/pw`, "secret");
  try {
    act(folder.conf, folder.path);
  } finally {
    folder.remove();
  }
}

for (const { name, operands } of commands) {
  if (name === "init") continue;
  const hasFile = operands.text.includes("configuration file");
  Deno.test(`\`${name}\` ${hasFile ? "has the permissions of its file" : "needs no file"}`, () => {
    withConf((conf) => {
      const { rights, isLasting } = needsOf([name, ...name === "state" ? ["show"] : [], conf]);
      assertEquals(rights.net.includes("m:5050"), hasFile);
      assertEquals(rights.write.includes(`${dirname(conf)}/gocd-mesos.db`), hasFile);
      assertEquals(isLasting, name === "start");
    });
  });
}

Deno.test("a file alone is a `start`, with its permissions and options", () => {
  withConf((conf, folder) => {
    const { rights, isLasting, isAnyHost } = needsOf([conf, "--require-sandbox"]);
    assertEquals([isLasting, isAnyHost], [true, false]);
    assertEquals(rights.net, ["m:5050", "g:8153", "127.0.0.1:8090"]);
    assertEquals(rights.read, [conf, folder, `${folder}/pw`, `${folder}/gocd-mesos.db.control`]);
    assertEquals(rights.write.filter((file) => !file.startsWith(`${folder}/gocd-mesos.db`)), []);
    assertEquals(rights.env.at(-1), "OTHER");
  });
});

Deno.test("places of the state with another file, server or path are distinguished, without a password", () => {
  const places = ['"a.db"', '"b.db"', '"zk://z:2181/x"', '"zk://z:2181/y"', '"zk://y:2181/x"', '"zk://u:pw@z:2181/x"'];
  const seen = places.map((place) => {
    let state = "";
    withConf(
      (conf) => state = needsOf([conf]).state.replaceAll(dirname(conf), ""),
      `${text}\n gocd-mesos.state = ${place}`,
    );
    return state;
  });
  assertEquals(new Set(seen).size, places.length);
  assertEquals(seen.filter((state) => state.includes("pw")), []);
});

Deno.test("a start has permission to write the history next to the state, at history.path, or nowhere", () => {
  const files = (history: string): readonly string[] => {
    let found: readonly string[] = [];
    withConf((conf, folder) => {
      found = needsOf([conf]).rights.write.filter((file) => /hist/.test(file)).map((file) => file.replace(folder, ""));
    }, text.replace("gocd-mesos {", `gocd-mesos {\n${history}\n`));
    return found;
  };
  const all = (name: string): readonly string[] => ["", "-wal", "-shm", "-journal"].map((end) => `/${name}${end}`);
  assertEquals(files(""), all("gocd-mesos.db-history"));
  assertEquals(files("history.path = past.hist"), all("past.hist"));
  assertEquals(files("history.keep = 0"), []);
  assertEquals(files('state = "zk://z:2181/x", history.path = past.hist'), all("past.hist"));
  assertEquals(files('state = "zk://z:2181/x"'), []);
});

Deno.test("the hosts of webhooks are permitted, even if only a file contains them", () => {
  const more = 'notify.webhooks { a.url = "https://hooks.example/x", b.url-file = u }';
  const conf = text.replace(", http.listen", `, ${more}, http.listen`);
  const folder = confFolder(conf);
  Deno.writeTextFileSync(`${folder.path}/pw`, "secret");
  Deno.writeTextFileSync(`${folder.path}/u`, "http://pager.example:9000/");
  try {
    for (const command of ["start", "notify-test"]) {
      const { rights: { net, read } } = needsOf([command, folder.conf, "--webhook", "a"]);
      assertEquals(net.slice(0, 5), ["m:5050", "g:8153", "hooks.example:443", "pager.example:9000", "127.0.0.1:8090"]);
      assert(read.includes(`${folder.path}/u`));
    }
  } finally {
    folder.remove();
  }
});

Deno.test("only `doctor` has permission for the advertised address of the page", () => {
  const linked = text.replace(
    'http.listen = "127.0.0.1:8090"',
    'http { listen = "0.0.0.0:8090", advertise = "page.example.org:81" }',
  );
  withConf((conf) => {
    const has = (command: string): boolean => needsOf([command, conf]).rights.net.includes("page.example.org:81");
    assertEquals([has("doctor"), has("check"), has("start")], [true, false, false]);
  }, linked);
});

for (
  const args of [
    ["teardown", "--now", "--yes", "FILE"],
    ["drain", "--wait", "--timeout", "2h", "FILE"],
    ["drain", "--timeout=2h", "--wait", "FILE"],
    ["freeze", "--profile", "linux", "--", "FILE"],
    ["check", "FILE", "--frob"],
  ]
) {
  Deno.test(`the file is distinguished from the options of a command: ${args.join(" ")}`, () => {
    withConf((conf) => {
      const { rights } = needsOf(args.map((arg) => arg === "FILE" ? conf : arg));
      assertEquals([rights.net.includes("m:5050"), rights.read[0]], [true, conf]);
    });
  });
}

Deno.test("a command has permission for the page of an instance that was started with an older file", () => {
  withConf((conf, folder) => {
    const file = { url: "http://127.0.0.1:9999/", token: "t", pid: 1 };
    Deno.writeTextFileSync(`${folder}/gocd-mesos.db.control`, JSON.stringify(file), { mode: 0o600 });
    assert(needsOf(["drain", conf]).rights.net.includes("127.0.0.1:9999"));
    assert(!needsOf(["start", conf]).rights.net.includes("127.0.0.1:9999"));
  });
});

Deno.test("with zk:// and no allowed hosts any host is permitted", () => {
  withConf((conf) => assertEquals(needsOf([conf]).isAnyHost, true), text.replace("m:5050", "zk://z:2181/mesos"));
});

Deno.test("a file that cannot be parsed gives permission only to read the tried files", () => {
  withConf((conf, folder) => {
    Deno.writeTextFileSync(`${folder}/more.conf`, "{ broken");
    const { rights, problem } = needsOf(["start", conf]);
    assertEquals(rights, { net: [], read: [conf, conf, `${folder}/more.conf`], write: [], env: [] });
    assertStringIncludes(problem?.message ?? "", "more.conf");
  }, 'include "more.conf"\n' + text);
});

Deno.test("a file with an error has a problem, and no permission for an unknown host", () => {
  withConf((conf) => {
    const { rights, problem } = needsOf(["drain", conf]);
    assertStringIncludes(problem?.message ?? "", "mesos-master: it is missing");
    assertEquals(rights.net.filter((host) => host.startsWith(":")), []);
  }, "gocd-mesos {}");
});

Deno.test("the demo has permissions for loopback, its listen address and the folder for temporary files", () => {
  const { rights } = needsOf(["demo", "--listen", "0.0.0.0:8091", "--exit"]);
  assertEquals(rights.net, ["127.0.0.1", "0.0.0.0:8091"]);
  assertEquals(needsOf(["demo", "--listen=0.0.0.0:8091"]).rights, rights);
  assertEquals(rights.read, rights.write);
});

Deno.test("the value of every option is distinguished from the file", () => {
  withConf((conf) => {
    for (const { name, strings, operands } of commands) {
      if (!operands.text.includes("configuration file")) continue;
      for (const option of strings) {
        const { rights } = needsOf([name, ...name === "state" ? ["show"] : [], `--${option}`, "value", conf]);
        const found = name === "init" ? rights.write[0] === dirname(conf) : rights.read[0] === conf;
        assert(found, `${name} --${option}`);
      }
    }
  });
});

Deno.test("init has permission to connect to any host, read any file, and write only next to its file", () => {
  const { rights, isAnyHost } = needsOf(["init", "--mesos", "m:5050", "conf/framework.conf", "--yes"]);
  assertEquals([isAnyHost, rights.read, rights.write], [true, ["/"], ["conf"]]);
});

Deno.test("a replay has permission to read its trace and configurations and write the drawing, and none to connect", () => {
  withConf((conf, folder) => {
    const line = [
      "simulate",
      "t.jsonl",
      "--config",
      conf,
      `--config=${folder}/b.conf`,
      "--svg",
      "drawn/x.svg",
      "--hosts",
      "9",
    ];
    const { rights, isAnyHost } = needsOf(line);
    assertEquals([rights.net, rights.write, isAnyHost], [[], ["drawn"], false]);
    assertEquals(rights.read, ["t.jsonl", conf, `${folder}/b.conf`, "drawn"]);
    assert(rights.env.includes("OTHER"));
  });
});

Deno.test("only a start with a valid file has a first log line", () => {
  const lineOf = (args: (conf: string) => string[], conf = text): string | undefined => {
    let line: string | undefined;
    withConf(
      (path) => line = needsOf(args(path), ({ gocd }) => `starts for ${serverUrlText(gocd.url)}`).startLine,
      conf,
    );
    return line;
  };
  assertEquals(lineOf((conf) => [conf]), "starts for http://g:8153/go");
  assertEquals(lineOf((conf) => ["start", conf]), "starts for http://g:8153/go");
  assertEquals(lineOf((conf) => ["check", conf]), undefined);
  assertEquals(lineOf((conf) => ["start", conf], text.replace("port = 8153", "port = many")), undefined);
});
