/** Of the page that was served: what writes styles of its own needs it. */
export const cspNonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

// Where the library that keeps a page from scrolling behind a dialog looks for it.
Reflect.set(globalThis, '__webpack_nonce__', cspNonce)
