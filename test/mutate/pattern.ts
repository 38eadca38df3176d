/** A token of a regular expression: an escape, a class, a group's head, a quantifier, or a character. */
const signs = /\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\[\s\S]|\[(?:\\.|[^\]\\])*\]|\(\?(?:[:=!]|<[=!])|\{\d+(?:,\d*)?\}|[\s\S]/g;

/**
 * Variants of a regular expression: without one of its anchors, quantifiers, alternatives or class members,
 * or with a class negated.
 */
export function mutatePattern(pattern: string): string[] {
  const all = [...pattern.matchAll(signs)].map(([sign]) => sign);
  return all.flatMap((sign, index) => {
    const put = (replacement: string) => [...all.slice(0, index), replacement, ...all.slice(index + 1)].join('');
    if (['^', '$', '+', '*', '?'].includes(sign) || /^\{\d/.test(sign)) return [put('')];
    if (sign.startsWith('['))
      return [put(sign.startsWith('[^') ? `[${sign.slice(2)}` : `[^${sign.slice(1)}`), ...mutateClass(sign).map(put)];
    return [];
  });
}

/** A class without one of its members. A class with only one has none to lose. */
function mutateClass(sign: string): string[] {
  const head = sign.startsWith('[^') ? '[^' : '[';
  const member = String.raw`\\[pP]\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|[^\\]`;
  const members = sign.slice(head.length, -1).match(new RegExp(`(?:${member})-(?:${member})|${member}`, 'g')) ?? [];
  if (members.length < 2) return [];
  return members.map((_, index) => `${head}${members.toSpliced(index, 1).join('')}]`);
}
