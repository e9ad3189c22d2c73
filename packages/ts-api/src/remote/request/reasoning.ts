import { invalidRequest } from "../../error/refusal.js";
import { type Field, isObject } from "./fields.js";

const efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

/** How much to think. `maxTokens` is for hosts that can bound it. */
export function reasoningField(maxTokens: Field): Field {
  return (reasoning, where) => {
    if (!isObject(reasoning)) throw invalidRequest(where, `${where} must be an object.`);
    const { effort, maxTokens: most, ...rest } = reasoning;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined)
      throw invalidRequest(`${where}.${unknown}`, `${where}.${unknown} is no field of reasoning.`);
    if (effort !== undefined && !(typeof effort === "string" && efforts.includes(effort))) {
      throw invalidRequest(`${where}.effort`, `${where}.effort must be one of ${efforts.join(", ")}.`);
    }
    const at = `${where}.maxTokens`;
    const bound = most === undefined ? {} : typeof maxTokens === "string" ? { [maxTokens]: most } : maxTokens(most, at);
    return { ...(effort !== undefined && { reasoning_effort: effort }), ...bound };
  };
}
