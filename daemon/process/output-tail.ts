import { stripVTControlCharacters } from 'node:util';
import { tailThatFits } from '../../shared/reply.ts';

/** /status shows all of it. The probe shows the last part of it. */
const maxBytes = 4096;

/** Keeps the last bytes of a program's output, however much it writes. */
export class OutputTail {
  #chunks: Buffer[] = [];
  #bytes = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // Join only at twice the size, so that many small writes stay cheap.
    if (this.#bytes > 2 * maxBytes) this.#join();
  }

  /**
   * The tail as text for people: valid UTF-8, whole lines where possible, without terminal escapes
   * and control characters.
   *
   * @returns at most 4 KiB of UTF-8, without a newline at its end; '' for no output
   */
  text(): string {
    const bytes = this.#join();
    // More was kept than is returned. If the cut split a character or an escape sequence, that is
    // in the part left out.
    return tailThatFits(sanitise(bytes.toString('utf8')), maxBytes);
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#chunks);
    // Copy: a slice would keep all of the last large write in memory.
    const tail = Buffer.from(joined.subarray(Math.max(0, joined.length - 2 * maxBytes)));
    this.#chunks = [tail];
    this.#bytes = tail.length;
    return tail;
  }
}

/**
 * Operating system commands (window titles, links) and similar sequences. If only the escape were
 * removed, their text would stay.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes are control characters
const escapeStrings = /[\u001B][\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)/g;

/** Control characters except newline and tab, and the bidi controls that can make a line read as another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unwanted = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;

function sanitise(text: string): string {
  return stripVTControlCharacters(text.replace(escapeStrings, ''))
    .replace(/\r\n?/g, '\n')
    .replace(unwanted, '')
    .replace(/^\n+|\s+$/g, '');
}
