import type { ReactElement } from 'react'
import type { User } from '../../contract.js'
import { nameOf } from '../lib/desks.js'

/** A user's initial, in the user's colour. */
export function Avatar({ user }: { readonly user: User }): ReactElement {
  return (
    <span className="avatar" data-user={user} aria-hidden="true">
      {nameOf(user).charAt(0)}
    </span>
  )
}
