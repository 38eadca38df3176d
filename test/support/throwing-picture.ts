import type { Session } from '../../client/ctl/session.ts';
import { showPictures } from '../../client/ctl/terminal/picture.ts';
import { plain } from '../../shared/status-text.ts';

/** A picture that is drawn once, and then fails in the way that the argument says. */

const { stdin, stdout } = process;
const session: Partial<Session> = { stdin, stdout, paint: plain, ellipsis: '…' };
let drawn = 0;
await showPictures(session as Session, () => {
  drawn++;
  if (drawn > 1) throw new Error('drawing has failed');
  if (process.argv[2] === 'beside') {
    setTimeout(() => {
      throw new Error('something else has failed');
    }, 100);
  }
  return ['a picture'];
});
