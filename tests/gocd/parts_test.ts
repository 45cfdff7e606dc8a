// Small parts that the other tests cover only indirectly.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import { GocdError } from "../../src/gocd/api.ts";
import { healthMessagesMax, readHealthMessages } from "../../src/gocd/health.ts";
import { readMaintenance } from "../../src/gocd/maintenance.ts";
import { dialectOf, isLater } from "../../src/gocd/versions.ts";
import { createXmlCleaner } from "../../src/gocd/xml_cleaner.ts";

Deno.test("text cleaned in pieces equals text cleaned at once", () => {
  const piece = fc.constantFrom(
    "&#27;",
    "&#x1B;",
    "&#65;",
    "&amp;",
    "&",
    "&#",
    ";",
    "x",
    "\u0000",
    "\uffff",
    "€",
    "&#0000000000000000000000027;",
  );
  fc.assert(fc.property(fc.array(piece), fc.array(fc.nat(30)), (pieces, cuts) => {
    const text = pieces.join("");
    const whole = createXmlCleaner();
    const parts = createXmlCleaner();
    let at = 0;
    let cleaned = "";
    for (const cut of cuts) {
      cleaned += parts.push(text.slice(at, at + cut));
      at += cut;
    }
    cleaned += parts.push(text.slice(at)) + parts.end();
    assertEquals(cleaned, whole.push(text) + whole.end());
    // deno-lint-ignore no-control-regex
    assert(!/&#27;|&#x1B;|[\u0000\uffff]/.test(cleaned));
  }));
});

Deno.test("maintenance mode is on or off, and other bodies are errors", () => {
  assertEquals(readMaintenance('{"is_maintenance_mode":true}', "x"), "on");
  assertEquals(readMaintenance('{"_embedded":{"is_drain_mode":false}}', "x"), "off");
  for (const text of ["", "{}", "[]", "null", '{"is_maintenance_mode":"yes"}', '{"is_maintenance_mode":tr']) {
    assertThrows(() => readMaintenance(text, "x"), GocdError);
  }
});

Deno.test("a health message becomes a finding without markup and with the locator of its link", () => {
  const detail = "Job <a href='/go/tab/build/detail/up+42/7/stage/1/job'>up 42</a> is running but it has not been " +
    "assigned an agent in the last 26 minute(s) &amp; may be hung.\n";
  assertEquals(
    readHealthMessages(JSON.stringify([{ message: "Job 'x' is not responding", detail, level: "WARNING" }]), "x"),
    [{
      code: "gocd-job-unassigned",
      message: "GoCD reports: Job 'x' is not responding",
      hint: "Job up 42 is running but it has not been assigned an agent in the last 26 minute(s) & may be hung.",
      locators: ["up 42/7/stage/1/job"],
      forMin: 26,
    }],
  );
});

for (
  const [message, detail, want] of [
    ["Failed to trigger pipeline [up42]", "Pipeline [up42] is still in progress", []],
    ["Unable to find agent for JobConfigIdentifier[elastic:st:pod]", "Plugin [helper.elastic] is missing.", []],
    ["Could not update material", "", []],
    ["Job 'x' is not responding", "There has been no console activity for the last 10 minute(s).", ["gocd-job-silent"]],
    ["[host1] has duplicate unique identifier which conflicts with [host2]", "", ["gocd-duplicate-guid"]],
    ["GoCD Server has run out of artifacts disk space. Scheduling has been stopped", "", ["gocd-disk-full"]],
    ["GoCD Server's artifact repository is running low on disk space", "", ["gocd-disk-low"]],
  ] as const
) {
  Deno.test(`the health message "${message}" is ${want.length > 0 ? "" : "not "}reported`, () => {
    const text = JSON.stringify([{ message, detail, level: "ERROR" }]);
    assertEquals(readHealthMessages(text, "x").map(({ code }) => code), [...want]);
  });
}

Deno.test("health messages of any shape are parsed or refused, and their number is limited", () => {
  const many = JSON.stringify(
    Array.from({ length: 500 }, (_, at) => ({ message: at % 2 === 0 ? "m" : "[h] has duplicate unique identifier" })),
  );
  const findings = readHealthMessages(many, "x");
  assertEquals([findings.length, findings[0]?.code], [healthMessagesMax, "gocd-duplicate-guid"]);
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    try {
      const read = readHealthMessages(JSON.stringify(value), "x");
      assert(read.every((finding) => finding.message !== "" && finding.hint !== ""));
    } catch (error) {
      assert(error instanceof GocdError);
    }
  }));
});

for (
  const [version, accept] of [
    ["15.2.0", "v1+json"],
    ["15.3.0", "v2+json"],
    ["16.8.0", "v3+json"],
    ["16.10.0", "v4+json"],
    ["19.3.0", "v5+json"],
    ["19.8.0", "cd+json"],
    ["26.1.0-21000", "cd+json"],
    [" 26.1 (build 7)", "cd+json"],
  ] as const
) {
  Deno.test(`agents are requested from GoCD ${version} as …${accept}`, () => {
    const dialect = dialectOf(version);
    assertEquals(dialect.agentsForms.map((form) => form.accept.endsWith(accept)), [true]);
    assertEquals(dialect.finding, undefined);
  });
}

for (
  const [one, other, later] of [
    ["v25.1.0", "v25.4.0", false],
    ["26.1", "v25.4.0", true],
    ["25.4.0", "25.4.0", false],
    ["soon", "25.4.0", false],
    ["25.4.0", "", false],
  ] as const
) {
  Deno.test(`release "${one}" is ${later ? "" : "not "}later than "${other}"`, () => {
    assertEquals(isLater(one, other), later);
  });
}

Deno.test("a dialect exists for any version text", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const { feedPaths, agentsForms, version } = dialectOf(text);
    assert(feedPaths.length > 0 && agentsForms.length > 0 && version.length <= 40);
  }));
});
