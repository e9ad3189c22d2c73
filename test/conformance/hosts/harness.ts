// Stands in for `vitest` inside a host that has none: the same cases, run one at a time when they are asked for. What their
// `beforeAll` makes is made for each, since in Workers nothing made in one request may be used in another without care.

import { ASYMMETRIC_MATCHERS_OBJECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

/** How a case ended. */
export interface Outcome {
  /** What went wrong, with where. */
  failure?: string;
}

type Act = () => unknown;

interface Group {
  name: string;
  parent: Group | undefined;
  before: Act[];
  after: Act[];
}

const cases = new Map<string, { group: Group; act: Act }>();
const top: Group = { name: "", parent: undefined, before: [], after: [] };
let current = top;
/** Assertions of the case that runs. */
let assertions = 0;

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
export const expect = Object.assign(
  (value: unknown, message?: string) => {
    assertions += 1;
    return chai.expect(value, message);
  },
  chai.expect,
  Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT),
);

export function describe(name: string, act: () => void): void {
  current = { name, parent: current, before: [], after: [] };
  act();
  current = current.parent ?? top;
}

export function test(name: string, act: Act): void {
  const path = [...groupsOf(current).map((group) => group.name), name].join(" > ");
  if (cases.has(path)) throw new Error(`two cases are called ${JSON.stringify(path)}`);
  cases.set(path, { group: current, act });
}

/** As vitest does it: `%s` and `%i` in the name stand for what the row begins with. */
test.each = (rows: readonly unknown[]) => (name: string, act: (...row: unknown[]) => unknown) => {
  for (const row of rows) {
    const values = Array.isArray(row) ? row : [row];
    let at = 0;
    const named = name.replaceAll(/%[si]/g, () => String(values[at++]));
    test(named, () => act(...values));
  }
};

export function beforeAll(act: Act): void {
  current.before.push(act);
}

export function afterAll(act: Act): void {
  current.after.push(act);
}

/** The names of all cases, in their order. */
export function caseNames(): string[] {
  return [...cases.keys()];
}

/** Runs a case, with what it needs before and after. */
export async function runCase(name: string): Promise<Outcome> {
  const found = cases.get(name);
  if (found === undefined) return { failure: `there is no case ${JSON.stringify(name)}` };
  const groups = groupsOf(found.group);
  const failures: string[] = [];
  const attempt = async (act: Act) => {
    try {
      await act();
    } catch (error) {
      failures.push(told(error));
    }
  };
  assertions = 0;
  for (const act of groups.flatMap(({ before }) => before)) await attempt(act);
  if (failures.length === 0) {
    await attempt(found.act);
    if (failures.length === 0 && assertions === 0) failures.push("it asserted nothing");
  }
  for (const act of groups.toReversed().flatMap(({ after }) => after)) await attempt(act);
  return failures.length === 0 ? {} : { failure: failures.join("\n") };
}

/** From the outermost to `group`, without the top. */
function groupsOf(group: Group): Group[] {
  const groups: Group[] = [];
  for (let at: Group | undefined = group; at !== undefined; at = at.parent) groups.unshift(at);
  return groups.slice(1);
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, stack = "", cause } = error;
  const where = stack.includes(message) ? stack : `${message}\n${stack}`;
  return cause === undefined ? where : `${where}\ncaused by ${told(cause)}`;
}
