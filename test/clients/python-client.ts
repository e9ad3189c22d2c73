import type { Client, ConnectedClient, Connection, Feature, Mode } from "./client.ts";
import type { PythonProgram } from "./python-program.ts";
import type { Question } from "./question.ts";

/** Which functions of a program make up a client. */
export interface PythonClientInit {
  name: string;
  modes?: readonly Mode[];
  lacks: Readonly<Partial<Record<Feature, string>>>;
  /** Asked for when the first call is made. */
  program(): PythonProgram;
  /** A question as the arguments of its functions. */
  bodyOf(question: Question): object;
  calls: { complete: string; stream: string; embed?: string; models?: string };
}

/** A client of Python, as one of those that all cases are run with. */
export function pythonClient({ program, bodyOf, calls, ...about }: PythonClientInit): Client {
  return {
    ...about,
    connect: (connection: Connection): ConnectedClient => {
      const { complete, stream, embed, models } = calls;
      const valueOf = async (call: string, body: object) => {
        const { outcome, value } = await program().ask({ call, connection, body });
        if (outcome.failure !== undefined) throw new Error(outcome.failure.message);
        return value as never;
      };
      return {
        complete: async (question, end) =>
          (await program().ask({ call: complete, connection, body: bodyOf(question) }, end)).outcome,
        stream: async (question, end) =>
          (await program().ask({ call: stream, connection, body: bodyOf(question) }, end)).outcome,
        ...(embed !== undefined && { embed: (model, input) => valueOf(embed, { model, input }) }),
        ...(models !== undefined && { models: () => valueOf(models, {}) }),
      };
    },
  };
}
