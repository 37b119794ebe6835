import { type ComponentProps, useId } from 'react'
import { type Permission, useMay } from '../data/session.ts'

/** A button for what not everybody may do: for whom it is not, it says why and does nothing. It stays in reach of the keyboard, as its reason does. */
export function MayButton({
  needs,
  disabled = false,
  onClick,
  type = 'button',
  children,
  ...rest
}: ComponentProps<'button'> & { needs: Permission }) {
  const { isAllowed, why } = useMay(needs)
  const reason = useId()
  if (isAllowed)
    return (
      <button type={type} disabled={disabled} onClick={onClick} {...rest}>
        {children}
      </button>
    )
  return (
    <>
      <button {...rest} type="button" aria-disabled="true" aria-describedby={why && reason} title={why}>
        {children}
      </button>
      {why !== undefined && (
        <span id={reason} className="only-read">
          {why}
        </span>
      )}
    </>
  )
}
