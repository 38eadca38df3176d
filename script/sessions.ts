const marked = /(<!-- session: ([^\n]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** Puts each session into a document after the marker that names it. Throws if a marker names none of them. */
export function withSessions(document: string, sessions: ReadonlyMap<string, string>): string {
  return document.replaceAll(marked, (_all, head: string, name: string, end: string) => {
    const text = sessions.get(name);
    if (text === undefined) throw new Error(`nobody records a session "${name}"; there are: ${[...sessions.keys()].join('; ')}`);
    return `${head}\`\`\`console\n${text.trimEnd()}\n\`\`\`\n${end}`;
  });
}

/** The sessions in a document: the text of each block, by the name in its marker. */
export function sessionsIn(document: string): ReadonlyMap<string, string> {
  return new Map([...document.matchAll(marked)].map(([all, , name = '']) => [name, /```console\n([\s\S]*?)```\n/.exec(all)?.[1] ?? '']));
}
