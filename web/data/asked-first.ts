/** What the page asked for itself (index.html), before its scripts were there: each answer is used once. */
const asked: unknown = Reflect.get(globalThis, 'assayFirst')
const answers = asked instanceof Map ? (asked as Map<string, Promise<Response>>) : new Map<string, Promise<Response>>()

export function askedFirst(url: string): Promise<Response> | undefined {
  const answer = answers.get(url)
  answers.delete(url)
  return answer
}
