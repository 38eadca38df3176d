const reference = /\$(?:\$|\{([^}]*)(\}|$))/g;
const wellFormed = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Puts variables into a text: `${NAME}`, or `${NAME:-TEXT}` where an unset or empty one is TEXT, as in a shell; `$$` is one `$`.
 *
 * @throws Error whose message says what would do
 */
export function withVariables(text: string, environment: NodeJS.ProcessEnv): string {
  // What stands there is not shown: it may be part of a secret.
  return text.replace(reference, (_whole, inner: string | undefined, end: string | undefined) => {
    if (inner === undefined) return '$';
    const [, name, fallback] = (end === '}' ? wellFormed.exec(inner) : null) ?? [];
    if (name === undefined) throw new Error(`what begins with "\${" must be \${NAME} or \${NAME:-DEFAULT}; a $ before a { is written $$`);
    const value = environment[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined)
      throw new Error(`the variable ${name} is not set: set it for readinessd, or give a default, as \${${name}:-DEFAULT}`);
    return value;
  });
}
