/** What the program says to its caller, by the conventions of shells: 128 and the number of the signal that ended it. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  hangup: 129,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const;

/** One of them. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "done",
  failure: "it did not work: no such model, a host that fails, an answer that was cut where its form matters",
  usage: "the command line, a variable or the configuration file is wrong; nothing was started",
  hangup: "the terminal went away (SIGHUP)",
  interrupted: "interrupted (Ctrl-C, SIGINT)",
  brokenPipe: "whoever read the output stopped reading (SIGPIPE)",
  terminated: "terminated (SIGTERM)",
};

/** The exit codes as a part of the help. */
export function exitCodeHelp(): string {
  const lines = Object.entries(exitCodes).map(([name, code]) => {
    const meaning = meanings[name as keyof typeof exitCodes];
    return `  ${String(code).padEnd(5)}${meaning}`;
  });
  return ["Exit codes:", ...lines].join("\n");
}
