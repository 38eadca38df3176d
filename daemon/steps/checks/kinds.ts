import { exec } from './exec.ts';
import { http } from './http.ts';
import type { Kind } from './kind.ts';
import { programs } from './programs.ts';
import { tcp } from './tcp.ts';

/** Every kind of check, by its key in a file. */
export const kinds: Readonly<Record<string, Kind>> = { programs, http, tcp, exec };
