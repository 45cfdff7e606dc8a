// A Worker from inside, with the types of its messages.

/** The global object of a Worker. */
export interface ThisWorker<In, Out> {
  onmessage: ((event: { readonly data: In }) => void) | null;
  postMessage(message: Out): void;
}

/** That of the Worker that calls it. */
export function thisWorker<In, Out>(): ThisWorker<In, Out> {
  return globalThis as unknown as ThisWorker<In, Out>;
}
