import { describe, expect, it } from 'vitest';
import { watchText } from './text-watch.ts';

const feed = (pieces: readonly string[], expected: readonly string[], forbidden: readonly string[] = []) => {
  const watch = watchText(expected, forbidden);
  for (const piece of pieces) watch.add(new TextEncoder().encode(piece));
  return watch;
};

describe('watching a console for texts', () => {
  it('finds a text whose bytes come one by one', () => {
    expect(feed([...'xx login: yy'], ['login: ']).isSatisfied).toBe(true);
    expect(feed(['überall'], ['über']).isSatisfied).toBe(true);
  });
  it('wants texts in their order, and says which is missing', () => {
    expect(feed(['one two'], ['one', 'two']).isSatisfied).toBe(true);
    const watch = feed(['two', ' one'], ['one', 'two']);
    expect(watch.isSatisfied).toBe(false);
    expect(watch.missing).toBe('two');
    watch.add(new TextEncoder().encode('two'));
    expect(watch.isSatisfied).toBe(true);
  });
  it('does not take the same bytes for two texts', () => {
    expect(feed(['a', 'b', 'a'], ['aba', 'aba']).isSatisfied).toBe(false);
    expect(feed(['login:'], ['login:', 'login:']).isSatisfied).toBe(false);
  });
  it('finds what may not come, before or after what is expected', () => {
    expect(feed(['all is fine, pa', 'nic'], ['fine', 'never'], ['panic']).failed).toBe('panic');
    expect(feed(['p', 'an', 'o'], [], ['panic']).failed).toBeUndefined();
  });
  it('is satisfied by nothing when nothing is expected', () => {
    expect(feed(['x'], []).isSatisfied).toBe(false);
  });
});
