// Random draws for scenarios.

/** Draws from one source of randomness. */
export interface Dice {
  /** A number in [0, 1). */
  readonly random: () => number;
  /** True with this probability. */
  chance(odds: number): boolean;
  /** An integer, inclusive. */
  between(low: number, high: number): number;
  /** One of a list, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item;
  /** A random subset of a list. */
  some<Item>(items: readonly Item[]): Item[];
}

/** Creates draws from a source of numbers in [0, 1). */
export function dice(random: () => number): Dice {
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  return {
    random,
    chance: (odds) => random() < odds,
    between,
    pick: <Item>(items: readonly Item[]): Item => {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new RangeError("nothing to pick from");
      return item;
    },
    some: (items) => items.filter(() => random() < 0.5),
  };
}
