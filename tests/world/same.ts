// Whether two plain JSON values are equal, regardless of the order of their keys.

/** Deep equality of plain data; a missing key equals one that is undefined. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && one.length === other.length &&
      one.every((each, index) => isSame(each, other[index]));
  }
  return isSameBut(one, other, none);
}

/** Deep equality of two plain objects, regardless of these keys of theirs. */
export function isSameBut(one: object, other: object, ignored: ReadonlySet<string>): boolean {
  const left: Readonly<Record<string, unknown>> = { ...one };
  const right: Readonly<Record<string, unknown>> = { ...other };
  return Object.keys(left).every((key) => ignored.has(key) || isSame(left[key], right[key])) &&
    Object.keys(right).every((key) => key in left || ignored.has(key) || right[key] === undefined);
}

const none: ReadonlySet<string> = new Set();
