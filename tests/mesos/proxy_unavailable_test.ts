// A proxy in front of a master that answers 503 may have passed the call on.

import { assertEquals } from "@std/assert";
import { callRefusal } from "../../src/mesos/answers.ts";

Deno.test("a call that a proxy answers with 503 may have taken effect; the subscription is over all the same", () => {
  const refusal = {
    url: new URL("http://m1:5050/api/v1/scheduler"),
    asked: "accept-offers",
    status: 503,
    headers: new Headers({ "content-type": "text/html", server: "nginx" }),
    text: "<html><head><title>503 Service Temporarily Unavailable</title></head></html>",
    credentials: { kind: "none" },
  } as const;
  const { error, endsSession } = callRefusal(refusal);
  assertEquals([error.reason, endsSession], ["call-unknown", true]);
  const own = callRefusal({ ...refusal, headers: new Headers(), text: "" });
  assertEquals([own.error.reason, own.endsSession], ["call-void", true]);
});
