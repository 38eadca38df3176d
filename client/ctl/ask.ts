import { type IncomingMessage, request } from 'node:http';
import type { History, Status } from '../../shared/api.ts';
import { codeOf, type Reason } from '../../shared/exit-codes.ts';
import { type Answer, codeInReply, oneLine } from '../../shared/reply.ts';

/** The daemon answers from memory and needs far less. */
const memoryTimeoutMs = 3000;

/** A full backlog answers EAGAIN at once, so the client connects again. */
const connectAgainMs = 20;

/** The largest answer is 100 changes of 400 bytes and more each. This is many times as much. */
const maxBodyBytes = 1024 * 1024;

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'its directory is none',
  EACCES: 'permission denied',
  ECONNREFUSED: 'nobody listens',
  ENOTSOCK: 'it is no socket',
  ECONNRESET: 'it closed the connection without an answer',
  EPIPE: 'it closed the connection without an answer',
};

/** readinessd did not answer, or something else did. `answer` is what a probe would say. */
export class NoAnswerError extends Error {
  readonly answer: Answer;

  constructor(reason: Extract<Reason, 'DaemonUnreachable' | 'DaemonTimeout' | 'DaemonBadReply'>, message: string) {
    super(message);
    this.answer = { code: codeOf(reason), reason, message };
  }
}

interface Reply {
  readonly status: number;
  /** One character per byte (latin1). */
  readonly body: string;
}

export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly timeoutMs?: number;
}

/** Asks what the probe would be told, and checks the answer as strictly as the probe does: it never says 0 wrongly. */
export async function askProbe(socketPath: string, timeoutMs: number = memoryTimeoutMs): Promise<Answer> {
  const { status, body } = await ask(socketPath, { path: '/probe', timeoutMs });
  const code = codeInReply(status, body);
  if (code === undefined) throw badReply(socketPath);
  const [first = '', ...rest] = Buffer.from(body, 'latin1').toString().trimEnd().split('\n');
  const [, reason = '', message = ''] = /^\d+ (\w+) ?(.*)$/.exec(first) ?? [];
  return { code, reason, message, ...(rest.length === 0 ? {} : { detail: rest.join('\n') }) };
}

/** Asks for all that the daemon knows now. */
export async function askStatus(socketPath: string, question: Question = { path: '/status' }): Promise<Status> {
  const { status, body } = await ask(socketPath, question);
  const value = parseJson(body) as Partial<Status> | undefined;
  const isWhole =
    isCode(value?.code) &&
    (status === 200 || (status === 503 && value?.ready === false)) &&
    value?.ready === (value?.code === 0) &&
    value?.ready === (value?.reason === 'Ready') &&
    typeof value?.reason === 'string' &&
    typeof value?.message === 'string' &&
    Array.isArray(value.steps);
  if (!isWhole) throw badReply(socketPath);
  return value as Status;
}

function isCode(code: unknown): boolean {
  return Number.isInteger(code) && (code as number) >= 0 && (code as number) <= 255;
}

/** Asks for the changes of the verdict, newest first. */
export async function askHistory(socketPath: string): Promise<History> {
  const { status, body } = await ask(socketPath, { path: '/history' });
  const value = parseJson(body) as Partial<History> | undefined;
  if (status !== 200 || !Array.isArray(value?.changes)) throw badReply(socketPath);
  return value as History;
}

/** The answer, or the error that came instead. */
export type Answered = Answer | NoAnswerError;

/** Waits for an answer. Returns a NoAnswerError instead of throwing it. */
export async function orNoAnswer<T>(asking: Promise<T>): Promise<T | NoAnswerError> {
  return asking.catch((error: unknown) => {
    if (error instanceof NoAnswerError) return error;
    throw error;
  });
}

/** Returns the answer, or what a probe would say instead. */
export function answerOf(found: Answer | NoAnswerError): Answer {
  return found instanceof NoAnswerError ? found.answer : found;
}

async function ask(socketPath: string, question: Question): Promise<Reply> {
  const timeoutMs = question.timeoutMs ?? memoryTimeoutMs;
  const endAtMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await askOnce(socketPath, question, Math.max(1, endAtMs - performance.now()));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code === 'ETIMEDOUT' || performance.now() >= endAtMs) {
        throw new NoAnswerError('DaemonTimeout', `readinessd at ${oneLine(socketPath)} gave no whole answer within ${timeoutMs} ms`);
      }
      if (code === 'EBADREPLY' || code.startsWith('HPE_')) throw badReply(socketPath);
      if (code !== 'EAGAIN') {
        const why = causes[code] ?? (error as Error).message;
        throw new NoAnswerError('DaemonUnreachable', `cannot reach readinessd at ${oneLine(socketPath)}: ${why}`);
      }
      await new Promise((resolve) => setTimeout(resolve, connectAgainMs));
    }
  }
}

function askOnce(socketPath: string, { method = 'GET', path }: Question, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', ...(method === 'POST' ? { 'content-length': 0 } : {}) };
    const asked = request({ socketPath, path, method, headers, agent: false }, (response) => {
      readWhole(response).then(resolve, reject);
    });
    const timer = setTimeout(() => asked.destroy(failure('ETIMEDOUT')), timeoutMs);
    asked.on('error', reject).on('close', () => clearTimeout(timer));
    // readinessd sends no informational responses. A flood of them would leave no time for anything else.
    asked.on('information', () => asked.destroy(failure('EBADREPLY')));
    asked.end();
  });
}

/** Reads the whole body, which must state its length: a body that was cut short is no answer. */
async function readWhole(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > maxBodyBytes) throw failure('EBADREPLY');
      chunks.push(chunk);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ETIMEDOUT' ? error : failure('EBADREPLY');
  }
  if (response.headers['content-length'] !== String(received)) throw failure('EBADREPLY');
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('latin1') };
}

function badReply(socketPath: string): NoAnswerError {
  return new NoAnswerError('DaemonBadReply', `what answers at ${oneLine(socketPath)} is not readinessd, or its answer was cut short`);
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, 'latin1').toString());
  } catch {
    return undefined;
  }
}
