/** Calls `cleanup` with what an object left, some time after nobody can reach it any more. */
export interface Unreachable<T> {
  register(target: object, remains: T): void;
  unregister(target: object): void;
}

/** Workers have a registry by a compatibility date of 2025-05-05 or later; before, what is forgotten stays until it has ended. */
export function unreachable<T>(cleanup: (remains: T) => void): Unreachable<T> {
  if (typeof FinalizationRegistry === "undefined") return { register() {}, unregister() {} };
  const registry = new FinalizationRegistry(cleanup);
  return {
    register: (target, remains) => registry.register(target, remains, target),
    unregister: (target) => void registry.unregister(target),
  };
}
