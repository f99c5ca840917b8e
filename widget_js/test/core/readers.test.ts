import { expect, test } from "vitest";
import { Readers } from "../../src/core/readers";

const marks = (person: string, delivered: number, seen: number) => ({ person, delivered, seen });

test("a message has come as far as anybody but its author has, and those who have seen it are counted", () => {
  const readers = new Readers();
  expect(readers.standing(3, "ada")).toEqual({ state: "sent", seenBy: 0 });
  readers.take([marks("ada", 9, 9), marks("grace", 3, 2)]);
  expect(readers.standing(3, "ada")).toEqual({ state: "delivered", seenBy: 0 });
  readers.take([marks("grace", 3, 3), marks("alan", 5, 5)]);
  expect(readers.standing(3, "ada")).toEqual({ state: "seen", seenBy: 2 });
  expect(readers.standing(4, "ada")).toEqual({ state: "seen", seenBy: 1 });
});

test("news of marks that comes late lowers none of them", () => {
  const readers = new Readers();
  readers.take([marks("grace", 7, 5)]);
  readers.take([marks("grace", 4, 2)]);
  expect(readers.standing(5, "ada").state).toBe("seen");
  expect(readers.seenBy("grace")).toBe(5);
  readers.clear();
  expect(readers.seenBy("grace")).toBe(0);
});
