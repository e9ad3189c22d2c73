import type { z } from "zod";
import { type Failure, invalid } from "../error/failure.js";

/** What a schema found wrong with a body: one thing, with its path. */
export function failureOfSchema(error: z.ZodError): Failure {
  const [first] = error.issues;
  if (first === undefined) return invalid("body", "The body is not what this call takes.");
  const { path, message } = deepest(first);
  const where = path.length === 0 ? "body" : pathOf(path);
  return invalid(where, `${where}: ${message}.`);
}

interface Problem {
  code: string;
  path: PropertyKey[];
  message: string;
}

/** How far an alternative came: not at all where it is of another shape, hardly where it is another kind of thing. */
function reach({ path, code }: Problem): number {
  const [first] = path;
  // A role that does not exist is still a message's.
  const isOtherKind = path.length === 1 && (first === "type" || (first === "role" && code === "invalid_type"));
  return isOtherKind ? 0 : path.length;
}

/** Of the alternatives of a union, what is wrong with the one that came furthest. */
function deepest(issue: z.core.$ZodIssue): Problem {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const candidates = issue.errors.flatMap((issues) => issues.slice(0, 1).map((inner) => deepest(inner)));
  // The shape was right there, and there was too much or too little of it.
  const sized = candidates.find(({ code }) => code === "too_big" || code === "too_small");
  const furthest = sized ?? candidates.toSorted((a, b) => reach(b) - reach(a)).at(0);
  if (furthest === undefined || (sized === undefined && reach(furthest) === 0)) {
    const wanted = candidates.map(({ message }) => message.replace("Invalid input: ", ""));
    return { code: issue.code, path: issue.path, message: `Invalid input: ${[...new Set(wanted)].join("; or ")}` };
  }
  return { ...furthest, path: [...issue.path, ...furthest.path] };
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}
