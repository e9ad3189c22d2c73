import type { Environment } from "./environment.js";
import type { Interruption } from "./interruption.js";
import type { TextOutput } from "./output/text-output.js";

/** What a command has to work with. */
export interface CommandContext {
  readonly environment: Environment;
  readonly interruption: Interruption;
  /** Answers. */
  readonly stdout: TextOutput;
  /** Everything else. */
  readonly stderr: TextOutput;
}
