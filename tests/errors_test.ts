// Messages of errors. Their hints are tested in tests/cli.

import { assertEquals } from "@std/assert";
import { messageOf } from "../src/errors.ts";

for (
  const [refusal, told] of [
    ['Requires net access to "10.0.0.5:5050", run again with the --allow-net flag', 'connect to "10.0.0.5:5050"'],
    [
      'Requires read access to "/etc/x y", specify the required permissions during compilation using `deno compile --allow-read`',
      'read "/etc/x y"',
    ],
    ['Requires env access to "A", run again with the --allow-env flag', 'read the variable "A"'],
    ["Requires write access to <TMP>, run again with the --allow-write flag", "write <TMP>"],
    ["Requires ffi access, run again with the --allow-ffi flag", "load"],
    ["Deno.symlinkSync() requires unscoped --allow-write", "do that, which needs a right"],
  ] as const
) {
  Deno.test(`a permission error of Deno is reported as: this program may not ${told}`, () => {
    assertEquals(messageOf(new Deno.errors.NotCapable(refusal)), `this program may not ${told}`);
  });
}

Deno.test("other errors are reported by their message, and other thrown values by their text", () => {
  assertEquals([messageOf(new RangeError("too far")), messageOf("text")], ["too far", "text"]);
});

Deno.test("the error number of the operating system is removed", () => {
  const text = "Address already in use (os error 98)";
  assertEquals([messageOf(new Deno.errors.AddrInUse(text)), messageOf(text)], Array(2).fill("Address already in use"));
});
