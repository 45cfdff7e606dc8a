// Draws in the terms of a scenario.

/** Draws from one source of chance. */
export interface Dice {
  /** A number in [0, 1). */
  readonly random: () => number;
  /** True with these odds. */
  chance(odds: number): boolean;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  /** One of a list, which must not be empty. */
  pick<Item>(items: readonly Item[]): Item;
  /** Each of a list with even odds. */
  some<Item>(items: readonly Item[]): Item[];
}

/** Dice over a source of numbers in [0, 1). */
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
