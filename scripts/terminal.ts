// Shared by the scripts that run many cases: a progress line, and numeric options.

/** Writes a line to standard output. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** The whole number of an option, or `absent`. Ends the process with code 2 where it is none. */
export function wholeNumber(name: string, value: unknown, absent: number): number {
  if (value === undefined) return absent;
  const number = Number(value);
  if (typeof value === "string" && value !== "" && Number.isSafeInteger(number) && number >= 0) return number;
  say(`--${name} must be a whole number, not ${JSON.stringify(value)}`);
  Deno.exit(2);
}
