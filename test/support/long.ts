/** Whether this is `script/test --long`. */
export const isLong = process.env['LONG_TESTS'] === '1';

/** A seed for fast-check: the same in each short run, another in each long one. FAST_CHECK_SEED repeats a run. */
export const historySeed = Number(process.env['FAST_CHECK_SEED'] ?? (isLong ? Date.now() % 2 ** 31 : 20_261_122));
