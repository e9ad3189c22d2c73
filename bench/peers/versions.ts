const versions = new Map<string, string>();

export function noteVersion(name: string, version: string): void {
  versions.set(name, version);
}

/** Of all programs that took part in this run. */
export const versionsUsed = (): { [name: string]: string } => Object.fromEntries(versions);
