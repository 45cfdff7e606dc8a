// Writes lines to standard error.

/** Writes one line to standard error immediately; a closed pipe is ignored. */
export function writeToStderr(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  // A pipe takes at least one byte per write, so the line's length bounds the loop.
  for (let tries = rest.length; rest.length > 0 && tries > 0; tries--) {
    try {
      rest = rest.subarray(Deno.stderr.writeSync(rest));
    } catch {
      return;
    }
  }
}

/** Whether standard error is a terminal. */
export function stderrIsTerminal(): boolean {
  return Deno.stderr.isTerminal();
}
