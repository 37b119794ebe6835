/** What a text comes to for readers, servers and tokenisers that take one character for another. */

/** Zero-width, directional and other characters that are not seen. */
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{Cf}]$/u

/** Letters of other scripts that are taken for those of a nonce or a mark, and that compatibility forms do not cover. */
const ALIKE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'аɑα',
    b: 'Ьь',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еҽ',
    f: 'ƒ',
    '0': 'оοօ',
    '1': 'іӏ׀',
    '3': 'зɜ',
    '6': 'б',
    '<': '˂ᐸ❮〈⟨',
    '>': '˃ᐳ❯〉⟩',
    '<<': '≪《',
    '>>': '≫》',
    '<<<': '⋘',
    '>>>': '⋙',
    '|': '∣│❘ǀ',
  }).flatMap(([plain, others]) => [...others].map((other) => [other, plain] as const)),
)

const known = new Map<string, string>()
/** Scripts have thousands of characters; a text that uses more is rare. */
const MAX_KNOWN = 20_000

function foldOne(character: string): string {
  const before = known.get(character)
  if (before !== undefined) return before
  const lower = character.normalize('NFKC').toLowerCase()
  const folded = INVISIBLE.test(character) ? '' : (ALIKE.get(lower) ?? ALIKE.get(character) ?? lower)
  if (known.size < MAX_KNOWN) known.set(character, folded)
  return folded
}

/** `starts[i]` is where in the text that begins which folds to the i-th unit of `folded`; it has one more, the text's length. */
export function fold(text: string): { folded: string; starts: number[] } {
  let folded = ''
  const starts: number[] = []
  let at = 0
  for (const character of text) {
    const plain = character <= '\u007f' ? character : foldOne(character)
    for (let i = 0; i < plain.length; i++) starts.push(at)
    folded += plain
    at += character.length
  }
  starts.push(at)
  return { folded, starts }
}
