/** Takes secrets out of words that are shown: hosts repeat the key that they refuse. */
export function redactor(secrets: readonly (string | null)[]): (text: string) => string {
  // Shorter ones are no secrets, and would take words apart.
  const known = secrets.filter((secret): secret is string => secret !== null && secret.length >= 8);
  return (text) => known.reduce((redacted, secret) => redacted.replaceAll(secret, "[secret]"), text);
}

/** Headers whose values are credentials, by their names. */
export function secretsOf(headers: Headers): string[] {
  const secrets: string[] = [];
  headers.forEach((value, name) => {
    if (!/auth|cookie|key|secret|token/.test(name)) return;
    secrets.push(value, ...value.split(/[\s;=]+/));
  });
  return secrets;
}
