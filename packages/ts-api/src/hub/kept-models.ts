import type { Backend } from "../backend.js";

/** Models of the hub in hosts with files. What reads and writes them is loaded with the first of them. */
export const keptModels: Required<Pick<Backend, "hub" | "hubCache">> = {
  hub: async (name, options) => (await import("./hub.js")).hubSource(name, options),
  hubCache: {
    list: async (hub) => (await import("./hub.js")).hubModels(hub),
    pull: async (name, options) => (await import("./hub.js")).pullModel(name, options),
    remove: async (name, hub) => (await import("./remove-model.js")).removeModel(name, hub),
  },
};
