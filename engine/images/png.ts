/** SVG to PNG, with fonts of our own: the same picture on every machine, whatever is installed there. */
import { createRequire } from 'node:module'
import type { ResvgRenderOptions } from '@resvg/resvg-js'

const FONTS = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf']
/** Twice as fine as it is large, for the screens that people have. */
const ZOOM = 2

const options = (): ResvgRenderOptions => {
  const { resolve } = createRequire(import.meta.url)
  return {
    font: {
      loadSystemFonts: false,
      fontFiles: FONTS.map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`)),
      defaultFontFamily: 'DejaVu Sans',
    },
    fitTo: { mode: 'zoom', value: ZOOM },
    logLevel: 'off',
  }
}

/** Off the thread that asks. Rejects where the machine cannot draw. */
export async function svgToPng(svg: string): Promise<Buffer> {
  // When it is needed: who draws nothing loads nothing, and where it cannot be loaded only pictures are missing.
  const { renderAsync } = await import('@resvg/resvg-js')
  const image = await renderAsync(svg, options())
  return image.asPng()
}
