import { accessSync, constants } from 'node:fs';

export { textOf } from '../../../daemon/supervisor/proc.ts';

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
