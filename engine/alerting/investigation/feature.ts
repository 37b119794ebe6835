/** What of a trace's attributes is worth comparing: names and settings, not texts, ids or amounts. */
import type { Feature } from './investigation.ts'

const MOST_CHARS = 64
/** What the model has under a name of its own, what is another for each trace, and what names people. */
const LEFT_OUT =
  /(^|[._-])(id|ids|uuid|guid|key|token|tokens|usage|cost|price|duration|latency|time|timestamp|offset|seed|port|pid|hash|email|user|username|phone|ip|address|url|uri|path|session|input|output|prompt|completion|message|messages|content|text|query|question|answer|arguments|result)([._-]|$)/i
const NORMALISED =
  /^(gen_ai\.(request\.model|response\.model|tool\.name|agent\.name|agent\.version|provider\.name|system|operation\.name)|service\.version|deployment\.environment(\.name)?|openinference\.span\.kind|llm\.(model_name|provider|system)|tool\.name)$/
const OF_THE_SENDER = /^(telemetry|otel|process|thread|host)\./

/** `json`: the value as JSON. Null for what is not compared. */
export function attributeFeature(name: string, json: string): Feature | null {
  if (json.length > MOST_CHARS || LEFT_OUT.test(name) || NORMALISED.test(name) || OF_THE_SENDER.test(name)) return null
  const value = parsed(json)
  if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isInteger(value)) return null
  const text = String(value)
  return text === '' ? null : { label: `attr(${JSON.stringify(name)})`, value: text }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
