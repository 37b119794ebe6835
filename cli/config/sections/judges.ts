import { KNOWN_BASE_URLS, type ProviderSettings } from '../../../workers/offline/providers.ts'
import { secretText } from '../secret.ts'
import { each, group, setting, type ValueOf } from '../setting.ts'
import { httpUrl, optional } from '../values.ts'

const provider = group('An API that speaks as OpenAI does.', {
  baseUrl: setting(optional(httpUrl('https://host/v1')), {
    about: 'base of the API, as its clients want it',
    default: null,
    without: 'that of openai, anthropic or google; needed for any other',
    variables: ['ASSAY_PROVIDER_*_BASE_URL'],
  }),
  apiKey: setting(optional(secretText), {
    about: 'the key',
    default: null,
    without: 'none is sent',
    variables: ['ASSAY_PROVIDER_*_API_KEY'],
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

export const judges = group('Who is asked by offline evals.', { providers }, (config) =>
  [...config.providers].flatMap(([name, { baseUrl }]) => {
    if (baseUrl !== null || Object.hasOwn(KNOWN_BASE_URLS, name)) return []
    return [{ path: `judges.providers.${name}.apiKey`, message: `needs judges.providers.${name}.baseUrl beside it` }]
  }),
)

export const providersOf = ({ providers }: ValueOf<typeof judges>): ProviderSettings[] =>
  [...providers].map(([name, { baseUrl, apiKey }]) => ({ name, baseUrl, apiKey: apiKey?.reveal() ?? null }))
