import { version } from '../../shared/version.ts';
import { readinessProbePage } from './readiness-probe.ts';
import { readinessctlPage } from './readinessctl.ts';
import { readinessdPage } from './readinessd.ts';
import { head, type Roff } from './roff.ts';

/** The man page of a command, without its head. */
export interface PageBody {
  readonly name: string;
  readonly section: '1' | '8';
  readonly purpose: string;
  readonly parts: readonly Roff[];
}

export interface ManPage {
  readonly name: string;
  readonly section: string;
  /** For man(1). */
  readonly text: string;
}

/**
 * All of them, made from the definitions that the help texts are made from.
 *
 * @param madeAt - the date that they show
 */
export function manPages(madeAt: Date): ManPage[] {
  const date = madeAt.toISOString().slice(0, 10);
  return [readinessdPage(), readinessctlPage(), readinessProbePage()].map(({ parts, ...page }) => {
    const text = head({ ...page, date, source: `readinessd ${version}` }) + parts.join('');
    return { name: page.name, section: page.section, text };
  });
}
