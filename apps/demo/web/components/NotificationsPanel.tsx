import type { ReactElement } from 'react'
import { users } from '../../contract.js'
import { DeskColumn } from './DeskColumn.js'
import { Panel } from './Panel.js'

/** Two users side by side, each with a connection of their own. */
export function NotificationsPanel(): ReactElement {
  return (
    <Panel
      name="notifications"
      title="Notifications"
      about="Two users, each with one connection to the hub for all tabs of this browser: open this page in a second tab, close the one that leads. The server decides what each may read. Let one leave and write to them: what they missed is there when they enter again, once, also after a restart of the server."
    >
      <div className="desks">
        {users.map((user) => (
          <DeskColumn key={user} user={user} />
        ))}
      </div>
    </Panel>
  )
}
