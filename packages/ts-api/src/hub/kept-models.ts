import type { Backend } from "../backend.js";

/** Models of the hub in hosts with files. What reads and writes them is loaded with the first of them. */
export const keptModels: Required<Pick<Backend, "hub" | "hubModels">> = {
  hub: async (name, options) => (await import("./hub.js")).hubSource(name, options),
  hubModels: async () => (await import("./hub.js")).hubModels(),
};
