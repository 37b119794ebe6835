import type { Faker } from '@faker-js/faker'

/**
 * Providers' key formats as they publish them and as secret scanners (gitleaks' default rules) describe them: a prefix, an
 * alphabet and a length. The generators of fake data know none of these.
 */
const ALNUM = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const URL_SAFE = `${ALNUM}_-`
const WORD = `${ALNUM}_`
const HEX = '0123456789abcdef'
const LOWER = '0123456789abcdefghijklmnopqrstuvwxyz'
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const BECH32 = 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'
const DIGITS = '0123456789'

type Piece = string | readonly [alphabet: string, length: number]

const FORMATS: readonly (readonly Piece[])[] = [
  ['sk-proj-', [URL_SAFE, 74], 'T3BlbkFJ', [URL_SAFE, 73], [ALNUM, 1]],
  ['sk-svcacct-', [URL_SAFE, 58], 'T3BlbkFJ', [URL_SAFE, 57], [ALNUM, 1]],
  ['sk-', [ALNUM, 20], 'T3BlbkFJ', [ALNUM, 20]],
  ['sk-ant-api03-', [URL_SAFE, 93], 'AA'],
  ['sk-ant-admin01-', [URL_SAFE, 93], 'AA'],
  ['sk-or-v1-', [HEX, 64]],
  ['ghp_', [ALNUM, 36]],
  ['gho_', [ALNUM, 36]],
  ['ghu_', [ALNUM, 36]],
  ['ghs_', [ALNUM, 36]],
  ['ghr_', [ALNUM, 36]],
  ['github_pat_', [ALNUM, 22], '_', [WORD, 58], [ALNUM, 1]],
  ['AKIA', [BASE32, 16]],
  ['ASIA', [BASE32, 16]],
  ['AIza', [URL_SAFE, 34], [ALNUM, 1]],
  ['GOCSPX-', [URL_SAFE, 27], [ALNUM, 1]],
  ['ya29.', [URL_SAFE, 120], [ALNUM, 1]],
  ['xoxb-', [DIGITS, 12], '-', [DIGITS, 13], '-', [ALNUM, 24]],
  ['xoxp-', [DIGITS, 12], '-', [DIGITS, 12], '-', [DIGITS, 12], '-', [HEX, 32]],
  ['xapp-1-A', [BASE32, 10], '-', [DIGITS, 13], '-', [HEX, 64]],
  ['glpat-', [URL_SAFE, 19], [ALNUM, 1]],
  ['glptt-', [HEX, 40]],
  ['sk_live_', [ALNUM, 24]],
  ['sk_test_', [ALNUM, 24]],
  ['rk_live_', [ALNUM, 99]],
  ['whsec_', [ALNUM, 32]],
  ['npm_', [LOWER, 36]],
  ['pypi-AgEIcHlwaS5vcmc', [URL_SAFE, 110], [ALNUM, 1]],
  ['hf_', [ALNUM, 34]],
  ['SG.', [URL_SAFE, 22], '.', [URL_SAFE, 42], [ALNUM, 1]],
  ['key-', [HEX, 32]],
  ['SK', [HEX, 32]],
  ['shpat_', [HEX, 32]],
  ['shpss_', [HEX, 32]],
  ['dop_v1_', [HEX, 64]],
  ['dapi', [HEX, 32]],
  ['gsk_', [ALNUM, 52]],
  ['pplx-', [ALNUM, 48]],
  ['xai-', [ALNUM, 80]],
  ['r8_', [ALNUM, 37]],
  ['lin_api_', [LOWER, 40]],
  ['hvs.', [URL_SAFE, 95], [ALNUM, 1]],
  ['dp.pt.', [LOWER, 43]],
  ['glsa_', [ALNUM, 32], '_', [HEX, 8]],
  ['ATATT3', [URL_SAFE, 185], [ALNUM, 1]],
  ['AGE-SECRET-KEY-1', [BECH32, 58]],
  ['sntryu_', [HEX, 64]],
  ['NRAK-', [BASE32, 27]],
  ['PMAK-', [HEX, 24], '-', [HEX, 34]],
  ['pul-', [HEX, 40]],
  ['rubygems_', [HEX, 48]],
  ['sq0atp-', [URL_SAFE, 21], [ALNUM, 1]],
  ['ntn_', [DIGITS, 11], [ALNUM, 35]],
  ['sbp_', [HEX, 40]],
]

/** One key of each format. */
export function apiKeys(faker: Faker): string[] {
  return FORMATS.map((pieces) =>
    pieces
      .map((piece) =>
        typeof piece === 'string'
          ? piece
          : faker.helpers.multiple(() => faker.helpers.arrayElement([...piece[0]]), { count: piece[1] }).join(''),
      )
      .join(''),
  )
}
