import type { ProcessInfo } from './client.ts';

/** A process's struct as text, cut at the two members that change while nothing happens: `now` and `description`. */
interface Part {
  /**
   * The text up to the digits of `now`, from there up to the description's text, and from there up
   * to the next struct.
   */
  readonly beforeNow: string;
  readonly beforeDescription: string;
  readonly rest: string;
  readonly info: ProcessInfo;
}

const nowMark = '<name>now</name>\n<value><int>';
const descriptionMark = '<name>description</name>\n<value><string>';
const structMark = '<value><struct>';

/** Names of members that are `now`, or that may be when unescaped. */
const nowNames = /<name>(?:now<|[^<]*&)/g;

const digits = /\d{1,15}/y;

/** Text of a description that is safe to skip without parsing it. */
const plainText = /[^<&\r\]]*/y;

/**
 * Reads answers of getAllProcessInfo. If an answer has the same text as the last one, letter by
 * letter except for `now` and `description`, its processes are taken from the last one: parsing
 * costs ten times as much as comparing.
 *
 * @param readWhole - parses a whole answer
 * @returns a function that returns and throws the same as `readWhole`
 */
export function rememberProcesses(readWhole: (text: string) => ProcessInfo[]): (text: string) => ProcessInfo[] {
  let head = '';
  let parts: readonly Part[] = [];

  function readSame(text: string): ProcessInfo[] | undefined {
    if (parts.length === 0 || !text.startsWith(head)) return undefined;
    let at = head.length;
    const infos: ProcessInfo[] = [];
    for (const { beforeNow, beforeDescription, rest, info } of parts) {
      if (!text.startsWith(beforeNow, at)) return undefined;
      at += beforeNow.length;
      const now = take(digits, text, at);
      at += now.length;
      if (now === '' || !text.startsWith(beforeDescription, at)) return undefined;
      at += beforeDescription.length;
      at += take(plainText, text, at).length;
      if (!text.startsWith(rest, at)) return undefined;
      at += rest.length;
      infos.push({ ...info, now: Number(now) });
    }
    return at === text.length ? infos : undefined;
  }

  return (text) => {
    const same = readSame(text);
    if (same !== undefined) return same;
    parts = [];
    const infos = readWhole(text);
    const cut = cutParts(text, infos);
    if (cut !== undefined) [head, parts] = cut;
    return infos;
  };
}

/** @returns undefined when the text is not written as supervisord writes it */
function cutParts(text: string, infos: readonly ProcessInfo[]): readonly [head: string, parts: readonly Part[]] | undefined {
  const [head = '', ...structs] = text.split(structMark);
  if (structs.length !== infos.length) return undefined;
  const parts: Part[] = [];
  for (const [index, struct] of structs.entries()) {
    const [beforeNow, fromNow] = struct.split(nowMark);
    const [middle, fromDescription, ...moreDescriptions] = (fromNow ?? '').split(descriptionMark);
    const info = infos[index];
    if (beforeNow === undefined || middle === undefined || fromDescription === undefined || info === undefined) return undefined;
    // If two members have the same name, the last counts.
    if (struct.match(nowNames)?.length !== 1 || moreDescriptions.length > 0) return undefined;
    parts.push({
      beforeNow: structMark + beforeNow + nowMark,
      beforeDescription: middle.slice(take(digits, middle, 0).length) + descriptionMark,
      rest: fromDescription.slice(take(plainText, fromDescription, 0).length),
      info,
    });
  }
  return [head, parts];
}

function take(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
