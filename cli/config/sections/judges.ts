import { z } from 'zod'
import type { JudgePlan } from '../../../dsl/plan.ts'
import type { JudgesInForce } from '../../../engine/judge/in-force.ts'
import type { Prices, SpendingSettings } from '../../../workers/offline/prices.ts'
import { hasDefaultBaseUrl, type ProviderSettings } from '../../../workers/offline/providers.ts'
import { secretText } from '../secret.ts'
import { each, group, type Kind, setting, type ValueOf } from '../setting.ts'
import { boolean, httpUrl, list, optional, text, wholeNumber } from '../values.ts'

const provider = group('An API that speaks as OpenAI does.', {
  baseUrl: setting(optional(httpUrl('https://host/v1')), {
    about: 'base of the API, as its clients want it',
    default: null,
    without: 'that of openai, anthropic or google; on this machine that of ollama or vllm; needed for any other',
    variables: ['ASSAY_PROVIDER_*_BASE_URL'],
  }),
  apiKey: setting(optional(secretText), {
    about: 'the key',
    default: null,
    without: 'none is sent',
    variables: ['ASSAY_PROVIDER_*_API_KEY'],
  }),
  apiVersion: setting(optional(text('a version of the API, such as 2024-10-21')), {
    about:
      'of Azure OpenAI: the version to ask for; the key then goes as `api-key`, and models are names of deployments below `baseUrl`',
    default: null,
    without: 'models and key go as OpenAI has them, as Azure takes them below `/openai/v1` too',
    variables: ['ASSAY_PROVIDER_*_API_VERSION'],
  }),
  headers: each({
    about: 'Sent with each call, such as the key of a gateway between.',
    name: 'HEADER',
    nameOf: (header) => header.toLowerCase(),
    member: setting(optional(secretText), { about: 'its value', default: null }),
  }),
  concurrency: setting(optional(wholeNumber(1, 100_000)), {
    about: 'calls at the same time, of all workers together',
    default: null,
    without: 'no limit',
    variables: ['ASSAY_PROVIDER_*_CONCURRENCY'],
  }),
  requestsPerMinute: setting(optional(wholeNumber(1, 100_000_000)), {
    about: 'calls a minute, of all workers together',
    default: null,
    without: 'no limit',
    variables: ['ASSAY_PROVIDER_*_REQUESTS_PER_MINUTE'],
  }),
  tokensPerMinute: setting(optional(wholeNumber(1, 1_000_000_000)), {
    about:
      'tokens a minute, of all workers together: estimated before a call, four characters each and those of its answer',
    default: null,
    without: 'no limit',
    variables: ['ASSAY_PROVIDER_*_TOKENS_PER_MINUTE'],
  }),
  alsoFor: setting(optional(text('the name of a provider')), {
    about: 'it serves the models of that provider too: `azure` those of `openai`',
    default: null,
    variables: ['ASSAY_PROVIDER_*_ALSO_FOR'],
  }),
  order: setting(wholeNumber(1, 1_000), {
    about: 'among those that serve a model, lower ones are called first, and the next where they fail',
    default: 1,
    variables: ['ASSAY_PROVIDER_*_ORDER'],
  }),
  weight: setting(wholeNumber(1, 1_000), {
    about: 'how much of the calls it gets among those of the same order',
    default: 1,
    variables: ['ASSAY_PROVIDER_*_WEIGHT'],
  }),
  logprobs: setting(boolean, {
    about:
      'it gives the log-probabilities of tokens: rubrics of 0 to 9 at the most are scored by the probability of each rating, without reasons',
    default: false,
    variables: ['ASSAY_PROVIDER_*_LOGPROBS'],
  }),
})

const providers = each({
  about: "By the first part of a judge's name: `openai` in `openai/gpt-5-mini`.",
  name: 'PROVIDER',
  nameOf: (text) => text.toLowerCase().replaceAll('_', '-'),
  variables: {
    ASSAY_OPENAI_BASE_URL: ['openai', 'baseUrl'],
    OPENAI_BASE_URL: ['openai', 'baseUrl'],
    OPENAI_API_KEY: ['openai', 'apiKey'],
  },
  member: provider,
})

const usd: Kind<number> = {
  takes: 'an amount of USD',
  schema: () => z.number('must be an amount of USD, such as 50').positive('must be above 0'),
  fromText: (given) => (given.trim() === '' ? given : Number(given)),
}

const usdPerMonth = (prefix: string, without: string) =>
  setting(optional(usd), {
    about: 'USD that all judges of a tenant may cost in a month (UTC), by `cost.prices`',
    default: null,
    without,
    variables: [`${prefix}_USD_PER_MONTH`],
  })

const tenants = each({
  about: 'Tenants with budgets of their own. Variables have the name in capitals.',
  name: 'TENANT',
  nameOf: (name) => name.toLowerCase(),
  member: group('Of one tenant.', { usdPerMonth: usdPerMonth('ASSAY_JUDGES_TENANT_*', 'as `judges` says') }),
})

const defaultJudge = setting(optional(list(text('a judge, such as openai/gpt-5-mini'))), {
  about: 'who is asked by metrics whose eval has no `judge:`; those behind the first stand in for it',
  default: null,
  without: 'such metrics are not run',
  variables: ['ASSAY_JUDGE'],
})

const members = {
  default: defaultJudge,
  providers,
  usdPerMonth: usdPerMonth('ASSAY_JUDGES', 'no bound but those of evals'),
  tenants,
}

export const judges = group('Who is asked by offline evals, and what that may cost.', members, (config) =>
  [...config.providers].flatMap(([name, { baseUrl, alsoFor }]) => {
    if (alsoFor !== null && !config.providers.has(alsoFor))
      return [{ path: `judges.providers.${name}.alsoFor`, message: `names no other provider: ${alsoFor}` }]
    if (baseUrl !== null || hasDefaultBaseUrl(name)) return []
    return [{ path: `judges.providers.${name}.apiKey`, message: `needs judges.providers.${name}.baseUrl beside it` }]
  }),
)

export function defaultJudgeOf({ default: names }: ValueOf<typeof judges>): JudgePlan | null {
  const [first, ...fallbacks] = names?.map((name) => name.trim()) ?? []
  return first === undefined ? null : { models: [first], fallbacks, take: null }
}

export const providersOf = ({ providers }: ValueOf<typeof judges>): ProviderSettings[] =>
  [...providers].map(([name, { apiKey, headers, ...rest }]) => ({
    name,
    apiKey: apiKey?.reveal() ?? null,
    headers: Object.fromEntries(
      [...headers].flatMap(([header, value]) => (value === null ? [] : [[header, value.reveal()]])),
    ),
    ...rest,
  }))

/** What all roles know of the judges: nothing of it is secret. */
export const judgesInForceOf = (config: ValueOf<typeof judges>): JudgesInForce => ({
  defaultJudge: defaultJudgeOf(config),
  providers: [...config.providers].map(([name, { alsoFor, logprobs }]) => ({ name, alsoFor, logprobs })),
})

/** Prices are those of `cost`, so that what a check estimates is what is counted. */
export const spendingOf = (
  { usdPerMonth: forAll, tenants: byTenant }: ValueOf<typeof judges>,
  prices: Prices,
): SpendingSettings => ({
  prices,
  usdPerMonth: forAll,
  usdPerMonthByTenant: new Map(
    [...byTenant].flatMap(([name, own]) => (own.usdPerMonth === null ? [] : [[name, own.usdPerMonth] as const])),
  ),
})
