/** What the names of models say of them, whoever serves them: `openai/gpt-5-mini` and `azure/gpt-5-mini` are one model. */

/** Without its provider, and without the one behind a reseller: `openrouter/openai/gpt-5` is `gpt-5`. */
export function modelOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).toLowerCase()
}

/** The first two members that are one model, and would count as two voices. */
export function twiceOn(models: readonly string[]): readonly [string, string] | null {
  for (const [i, model] of models.entries()) {
    const before = models.slice(0, i).find((other) => modelOf(other) === modelOf(model))
    if (before !== undefined) return [before, model]
  }
  return null
}

/** By whose models begin so. What is not known has no family: nothing is said of it. */
const FAMILIES: readonly (readonly [string, RegExp])[] = [
  ['GPT', /^(?:gpt|chatgpt|o[1-9]|ft:gpt|codex)(?![a-z])/],
  ['Claude', /(?:^|\.)claude(?![a-z])/],
  ['Gemini', /^(?:gemini|gemma)(?![a-z])/],
  ['Llama', /(?:^|\.)(?:meta-)?llama/],
  ['Mistral', /(?:^|\.)(?:mistral|mixtral|ministral|magistral|codestral|devstral|pixtral)(?![a-z])/],
  ['Qwen', /^(?:qwen|qwq)/],
  ['DeepSeek', /(?:^|\.)deepseek(?![a-z])/],
  ['Grok', /^grok(?![a-z])/],
  ['Command', /(?:^|\.)command(?![a-z])/],
  ['Nova', /(?:^|\.)nova(?![a-z])/],
  ['Phi', /^phi(?![a-z])/],
]

/** A model judges those of its own family more kindly than others. Null where the name does not tell. */
export function familyOf(name: string): string | null {
  const model = modelOf(name)
  return FAMILIES.find(([, begins]) => begins.test(model))?.[0] ?? null
}
