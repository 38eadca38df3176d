/** For headers and body. readinessd's replies are under 1.3 KiB. The native client has the same limit. */
const maxReplyBytes = 8192;
const start = 'HTTP/1.1 ';

/**
 * Parses what has arrived of an HTTP reply as strictly as the native client: a status, and a body with one
 * plain Content-Length.
 *
 * @returns the reply when it is whole, 'incomplete' while it may become one, 'bad' when it cannot
 */
export function parseHttpReply(received: Buffer): { readonly status: number; readonly body: Buffer } | 'incomplete' | 'bad' {
  const text = received.toString('latin1');
  if (text.slice(0, start.length) !== start.slice(0, text.length)) return 'bad';
  const headersEnd = text.indexOf('\r\n\r\n');
  if (headersEnd === -1) return received.length < maxReplyBytes ? 'incomplete' : 'bad';
  const [statusLine, ...headers] = text.slice(0, headersEnd).split('\r\n');
  const status = /^HTTP\/1\.1 ([0-9]{3})(?: |$)/.exec(statusLine ?? '')?.[1];
  const length = contentLength(headers);
  const bodyAt = headersEnd + 4;
  if (status === undefined || length === undefined || length > maxReplyBytes - bodyAt) return 'bad';
  if (received.length < bodyAt + length) return 'incomplete';
  return received.length === bodyAt + length ? { status: Number(status), body: received.subarray(bodyAt) } : 'bad';
}

/**
 * The Content-Length. Undefined when there is none or more than one, when it is not plain digits, or when the
 * body is chunked.
 */
function contentLength(headers: readonly string[]): number | undefined {
  if (headers.some((header) => /^transfer-encoding:/i.test(header))) return undefined;
  const values = headers.filter((header) => /^content-length:/i.test(header));
  const digits = /^content-length:[ \t]*([0-9]{1,5})[ \t]*$/i.exec(values[0] ?? '')?.[1];
  return values.length === 1 && digits !== undefined ? Number(digits) : undefined;
}
