// Limits the rate of requests per address.

/** A limit per key: `burst` at once, then `perSecond`. */
export interface RateLimitOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly nowMs: () => number;
}

/** Counts the uses of each key. */
export interface RateLimiter {
  /** Takes one; `false` if the key has none left. */
  take(key: string): boolean;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Maximum number of remembered addresses; the one idle for longest is dropped first. */
const keysMax = 1_000;

/** Creates a limiter. */
export function createRateLimiter({ perSecond, burst, nowMs }: RateLimitOptions): RateLimiter {
  const buckets = new Map<string, Bucket>();

  const tokensOf = (key: string): number => {
    const bucket = buckets.get(key);
    if (bucket === undefined) return burst;
    const elapsedMs = Math.max(0, nowMs() - bucket.atMs);
    return Math.min(burst, bucket.tokens + (elapsedMs / 1000) * perSecond);
  };

  const remember = (key: string, tokens: number): void => {
    buckets.delete(key);
    buckets.set(key, { tokens, atMs: nowMs() });
    const oldest = buckets.size > keysMax ? buckets.keys().next().value : undefined;
    if (oldest !== undefined) buckets.delete(oldest);
  };

  return {
    take(key: string): boolean {
      const tokens = tokensOf(key);
      remember(key, tokens >= 1 ? tokens - 1 : tokens);
      return tokens >= 1;
    },
  };
}
