const reference = /\$(?:\$|\{([^}]*)(\}|$))/g;
const wellFormed = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Expands variables as a shell does: `${NAME}`, or `${NAME:-TEXT}`, which is TEXT if the variable
 * is unset or empty. `$$` is one `$`.
 *
 * @throws Error whose message says what is allowed
 */
export function withVariables(text: string, environment: NodeJS.ProcessEnv): string {
  // Errors do not quote the text, which may be part of a secret.
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
