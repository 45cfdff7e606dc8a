// Valid and invalid image references, and settings with which every launch would fail.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { imageFlaw } from "../../src/config/image_reference.ts";
import { loadKeys, problemsOf, withKeys } from "./support.ts";

const sha256 = "0123456789abcdef".repeat(4);

for (
  const [image, what, hint] of [
    ["https://registry.example.com/ci/agent:v1", "it is a URL", "write registry.example.com/ci/agent:v1"],
    ["https://registry.example.com/CI/Agent:V1", "it is a URL", "write registry.example.com/ci/agent:V1"],
    ["https://u:p@registry.example.com/CI", "it is a URL", "write registry/name:version"],
    ["REG.example.com:5000/CI/Agent:V1", "its name has upper case letters", "write REG.example.com:5000/ci/agent:V1"],
    ["docker://img:1", "it is a URL", "write img:1"],
    ["https://u:p@registry.example.com/agent", "it is a URL", "write registry/name:version"],
    ["registry.example.com/CI/Agent:V1", "its name has upper case letters", "write registry.example.com/ci/agent:V1"],
    ["Registry:5000/Agent", "its name has upper case letters", "write Registry:5000/agent"],
    ["CI/Agent:v1", "its name has upper case letters", "write ci/agent:v1"],
    [`Agent@sha256:${sha256}`, "its name has upper case letters", `write agent@sha256:${sha256}`],
    ["Agent", "its name has upper case letters", "write agent"],
    ["img:v1:2", "it has two tags", "write name:version with one colon"],
    ["ci/img:v1/x", "it has two tags", "write name:version with one colon"],
    ["registry:port/img", "the registry before the first slash", "write host:5000/name"],
    ["-host.example.com/img", "the registry before the first slash", "write host:5000/name"],
    ["registry.example.com/ci/agent@sha256:abc", "its sha256 digest has 3 digits, not 64", "write the whole digest"],
    [`agent@sha256:${"G".repeat(64)}`, "other characters than 0-9 and a-f", "write the whole digest"],
    [`agent@sha256:${sha256.toUpperCase()}`, "other characters than 0-9 and a-f", "write the whole digest"],
    [`agent@md5:${sha256}`, "is not a digest that Docker supports", "write the whole digest"],
    [`agent@${sha256}`, "is not a digest that Docker supports", "write the whole digest"],
    ["agent@", "is not a digest that Docker supports", "write the whole digest"],
    [`agent@sha256:${sha256}@sha256:${sha256}`, "it has two digests", "write name@sha256:…"],
    [sha256, "it is a bare id", "write name@sha256:…"],
    ["agent:", "nothing follows its colon", "write name:version"],
    [":1", "a part of its name is empty", "single slashes"],
    ["ci//agent", "a part of its name is empty", "single slashes"],
    ["/ci/agent", "a part of its name is empty", "single slashes"],
    ["ci/agent/", "a part of its name is empty", "single slashes"],
    ["agent:-1", '"-1" cannot be a tag', "up to 128"],
    [`agent:${"t".repeat(129)}`, "cannot be a tag", "up to 128"],
    ["agent:v1+2", '"v1+2" cannot be a tag', "up to 128"],
    ["my_agent_", '"my_agent_" cannot be a part of its name', "use lower case letters"],
    ["my..agent", '"my..agent" cannot be a part of its name', "use lower case letters"],
    ["ágent", '"ágent" cannot be a part of its name', "use lower case letters"],
    ["a b", "it contains white space", "write name:version without spaces"],
    ["a".repeat(248), "its name has more than 255 characters", "give the image a shorter name"],
    [`r.example.com/${"a".repeat(256)}`, "its name has more than 255 characters", "give the image a shorter name"],
  ] as const
) {
  Deno.test(`the image reference ${image.slice(0, 60)} is invalid: ${what}`, () => {
    const flaw = imageFlaw(image);
    assertStringIncludes(flaw?.message ?? "none", what);
    assertStringIncludes(flaw?.hint ?? "none", hint);
  });
}

for (
  const image of [
    "i",
    "gocd/gocd-agent-alpine-3.20:v24.5.0",
    "localhost/agent",
    "localhost:5000/ci/agent:1",
    "registry.example.com:443/ci/agent",
    "Registry.Example.COM/ci/agent:V1_x.y-z",
    "10.0.0.1/agent",
    "[2001:db8::1]:5000/agent:1",
    "a__b/c-d---e.f",
    `agent@sha256:${sha256}`,
    `registry.example.com/agent:v1@sha512:${sha256.repeat(2)}`,
    "a".repeat(247),
    `agent:${"t".repeat(128)}`,
  ]
) {
  Deno.test(`the image reference ${image.slice(0, 60)} is valid`, () => assertEquals(imageFlaw(image), undefined));
}

Deno.test("an invalid image reference is reported with key, line, value and a correction", () => {
  const { problems } = problemsOf(withKeys('go-agent.docker-image = "docker://img:1"'));
  assertEquals(problems.map(({ key, line, message, hint }) => ({ key, line, message, hint })), [{
    key: "go-agent.docker-image",
    line: 5,
    message: '"docker://img:1" is not the name of an image: it is a URL',
    hint: "write img:1",
  }]);
});

Deno.test("image names of the Mesos containerizer may contain upper case letters", () => {
  const { settings } = loadKeys('go-agent { containerizer = mesos, network = HOST, docker-image = "Agent" }');
  assertEquals(settings.profiles[0]?.container.image, "Agent");
});

for (
  const [keys, message] of [
    ['volumes = ["/a:/build", "cache:/x/../build/"]', 'two volumes have the path "/build" in the container'],
    ['volumes = ["/a:/"]', "a volume cannot replace the whole file system of the container"],
    [
      'volumes = [{ host-path = "/a:b", container-path = "/c" }]',
      '"/a:b" has a colon, where Docker splits a volume',
    ],
    ['volumes = ["c:/cache"]', '"c" is too short for the name of a volume'],
    ['network = "container:proxy"', '"container:proxy" is not the name of a network'],
  ] as const
) {
  Deno.test(`a setting with which every launch would fail is refused: go-agent.${keys}`, () => {
    assertEquals(problemsOf(withKeys(`go-agent { ${keys} }`)).problems.map((each) => each.message), [message]);
  });
}

Deno.test("a long image name is truncated in messages", () => {
  const long = "a".repeat(5_000);
  for (const image of [`{${long}`, `X${long}`, `http://${long}`, `name:{${long}`, `name@${long}`]) {
    const { message = "", hint = "" } = imageFlaw(image) ?? {};
    assert(message !== "" && message.length < 200 && hint.length < 200, `${message} (${hint})`);
  }
});
