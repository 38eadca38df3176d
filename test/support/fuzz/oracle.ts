/**
 * The grammar of a reply a second time, written from its description and independent of both clients, to
 * judge the fuzz tests. Bytes are texts with one character per byte (latin1).
 */

const ready = /^0 Ready(?:[ \n][\t\n -~\x80-\xff]*)?$/;
const notReady =
  /^(?<code>[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]) (?!Ready(?![A-Za-z0-9]))[A-Z][A-Za-z0-9]*(?:[ \n][\t\n -~\x80-\xff]*)?$/;

/** Status line, at least one header line, an empty line, and the rest. Only CR LF ends a line. */
const message =
  /^HTTP\/1\.1 (?<status>[0-9]{3})(?: (?:(?!\r\n)[\s\S])*)?\r\n(?<headers>(?:(?!\r\n)[\s\S])+(?:\r\n(?:(?!\r\n)[\s\S])+)*)\r\n\r\n(?<body>[\s\S]*)$/;
const mostBytes = 8192;

/** The code that a body means under a status, or undefined. */
export function codeOfBody(status: number, body: string): number | undefined {
  if (status === 200) return ready.test(body) ? 0 : undefined;
  const code = status === 503 ? notReady.exec(body)?.groups?.['code'] : undefined;
  return code === undefined ? undefined : Number(code);
}

/** The code of a whole reply. Undefined when less, more, or something else was received. */
export function codeOfReply(received: string): number | undefined {
  const { status, headers, body } = message.exec(received)?.groups ?? {};
  if (status === undefined || headers === undefined || body === undefined || received.length > mostBytes) return undefined;
  const framing = headers.split('\r\n').filter((line) => /^(?:content-length|transfer-encoding):/i.test(line));
  const length = framing.length === 1 ? /^content-length:[ \t]*(?<digits>[0-9]{1,5})[ \t]*$/i.exec(framing[0] ?? '') : null;
  return length !== null && Number(length.groups?.['digits']) === body.length ? codeOfBody(Number(status), body) : undefined;
}
