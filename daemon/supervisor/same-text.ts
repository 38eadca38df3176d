import type { ProcessInfo } from './client.ts';

/** A process as its struct was written, cut at the two members that change while nothing happens: `now` and `description`. */
interface Part {
  /** Up to the digits of `now`, those of the description's text, and from there to the next struct. */
  readonly beforeNow: string;
  readonly beforeDescription: string;
  readonly rest: string;
  readonly info: ProcessInfo;
}

const nowMark = '<name>now</name>\n<value><int>';
const descriptionMark = '<name>description</name>\n<value><string>';
const structMark = '<value><struct>';

/** Members that are called `now`, however their values are written, and those whose names must be read to know. */
const nowNames = /<name>(?:now<|[^<]*&)/g;

const digits = /\d{1,15}/y;

/** What needs no reading to be known as a text that means nothing here. */
const plainText = /[^<&\r\]]*/y;

/**
 * Reads answers of getAllProcessInfo, and takes from the answer before what is written in the same way, letter by letter: reading an
 * answer anew costs ten times as much as comparing it.
 *
 * @param readAnew - reads a whole answer
 * @returns a function that gives, and throws, what `readAnew` does
 */
export function rememberProcesses(readAnew: (text: string) => ProcessInfo[]): (text: string) => ProcessInfo[] {
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
    const infos = readAnew(text);
    const cut = cutParts(text, infos);
    if (cut !== undefined) [head, parts] = cut;
    return infos;
  };
}

/** @returns undefined when it is written otherwise than supervisord does */
function cutParts(text: string, infos: readonly ProcessInfo[]): readonly [head: string, parts: readonly Part[]] | undefined {
  const [head = '', ...structs] = text.split(structMark);
  if (structs.length !== infos.length) return undefined;
  const parts: Part[] = [];
  for (const [index, struct] of structs.entries()) {
    const [beforeNow, fromNow] = struct.split(nowMark);
    const [middle, fromDescription, ...moreDescriptions] = (fromNow ?? '').split(descriptionMark);
    const info = infos[index];
    if (beforeNow === undefined || middle === undefined || fromDescription === undefined || info === undefined) return undefined;
    // Of two members with one name the last counts.
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
