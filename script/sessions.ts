const marked = /(<!-- session: ([^\n]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** A document with each session where its marker names it; throws where there is none of that name. */
export function withSessions(document: string, sessions: ReadonlyMap<string, string>): string {
  return document.replaceAll(marked, (_all, head: string, name: string, end: string) => {
    const text = sessions.get(name);
    if (text === undefined) throw new Error(`nobody records a session "${name}"; there are: ${[...sessions.keys()].join('; ')}`);
    return `${head}\`\`\`console\n${text.trimEnd()}\n\`\`\`\n${end}`;
  });
}

/** The names of the sessions in a document, and what stands there, in its block. */
export function sessionsIn(document: string): ReadonlyMap<string, string> {
  return new Map([...document.matchAll(marked)].map(([all, , name = '']) => [name, /```console\n([\s\S]*?)```\n/.exec(all)?.[1] ?? '']));
}
