const letters: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  ł: 'l',
};

// ferry.yaml allows 63 characters; the rest is for a number at the end.
const LONGEST = 58;

/** A text as a name for ferry.yaml: lower case, without accents, `-` for anything else; '' when nothing is left. */
export function toName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[äöüßæøł]/g, (letter) => letters[letter] ?? letter)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^[-_]+|[-_]+$/g, '')
    .slice(0, LONGEST)
    .replace(/[-_]+$/, '');
}

/**
 * One name for each, all different: the first candidate that nothing else wants, or a number when there are none left.
 *
 * @param candidates the names for each thing, the shortest first; each adds something that distinguishes it from others
 */
export function chooseNames(candidates: readonly (readonly string[])[], fallback: string): string[] {
  const usable = candidates.map((names) => {
    const found = names.map(toName).filter(Boolean);
    return found.length > 0 ? found : [fallback];
  });
  const level = usable.map(() => 0);
  const nameOf = (index: number) => usable[index]?.[level[index] ?? 0] ?? fallback;
  for (;;) {
    const names = usable.map((_, index) => nameOf(index));
    const clashing = names.flatMap((name, index) =>
      names.indexOf(name) !== names.lastIndexOf(name) &&
      (level[index] ?? 0) + 1 < (usable[index]?.length ?? 0)
        ? [index]
        : [],
    );
    if (clashing.length === 0) break;
    for (const index of clashing) level[index] = (level[index] ?? 0) + 1;
  }
  const taken = new Set(usable.map((_, index) => nameOf(index)));
  const used = new Set<string>();
  return usable.map((_, index) => {
    let name = nameOf(index);
    for (let number = 2; used.has(name) || (name !== nameOf(index) && taken.has(name)); number += 1)
      name = `${nameOf(index)}-${number}`;
    used.add(name);
    return name;
  });
}
