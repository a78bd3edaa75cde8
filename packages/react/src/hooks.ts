import { type Client, type ClientSnapshot, idleSnapshot, OptionError, type TopicOptions } from '@sse/client'
import {
  type Context,
  createContext,
  createElement,
  type ReactElement,
  useContext,
  useEffect,
  useInsertionEffect,
  useState,
  useSyncExternalStore,
} from 'react'
import { lastOf, type Reducing } from './last-of.js'
import type { EventsOf, ListOptions, ProviderProps, ReduceOptions, SubscriptionOptions } from './options.js'
import { createTopicStore, type Hear, type Held, type SubscriptionState, type TopicStore } from './topic-store.js'
import type { AnyClient, AnyWanted, Nothing, PayloadsOf, Wanted } from './wanted.js'

/** The hooks of one contract. */
export interface Hooks<C extends object> {
  /** Gives the client to the components below. */
  Provider(props: ProviderProps<C>): ReactElement
  /**
   * Subscribes for as long as the component is there, and calls `onEvent`. Returns the subscription's state; events alone render nothing.
   *
   * @throws OptionError while rendering, without a Provider above; when the component begins to listen, for what `Client.subscribe` refuses.
   */
  useSubscription<W extends Wanted<C>>(wanted: W | Nothing, options?: SubscriptionOptions<PayloadsOf<C, W>>): SubscriptionState
  /**
   * What `reduce` has made of the events since the component is there, and the subscription's state. Renders where one of them has
   * changed, once for all that comes at once.
   *
   * @throws OptionError as `useSubscription` does.
   */
  useEvents<W extends Wanted<C>, State>(
    wanted: W | Nothing,
    options: ReduceOptions<PayloadsOf<C, W>, State>,
  ): readonly [state: State, subscription: SubscriptionState]
  /**
   * The last of the events since the component is there, oldest first, or what `select` makes of them; and the subscription's state.
   *
   * @throws OptionError as `useSubscription` does, and for a `limit` below 1.
   */
  useEvents<W extends Wanted<C>, Item = EventsOf<PayloadsOf<C, W>>>(
    wanted: W | Nothing,
    options?: ListOptions<PayloadsOf<C, W>, Item>,
  ): readonly [events: readonly Item[], subscription: SubscriptionState]
  /**
   * The state of the one connection.
   *
   * @param select what the component shows of it: it renders where that changes. An object has to be the same each time.
   */
  useConnectionState<Selected>(select: (snapshot: ClientSnapshot) => Selected): Selected
  useConnectionState(): ClientSnapshot
}

/** The client; null where it is not made yet, undefined where no Provider is. */
type ClientContext = Context<AnyClient | null | undefined>

/** Of a client that is not there yet: where the page's server renders, and until then in the browser. */
const unmade: ClientSnapshot = { ...idleSnapshot, role: 'alone' }
const noClient: Pick<AnyClient, 'getSnapshot' | 'onChange'> = { getSnapshot: () => unmade, onChange: () => () => {} }

/**
 * The hooks for a client of a contract: `createHooks<typeof contract>()`, once, in a module of yours. All components share the
 * client's one connection.
 */
export function createHooks<C extends object>(): Hooks<C> {
  const context: ClientContext = createContext<AnyClient | null | undefined>(undefined)
  // The interface says which payloads and values these are: those that the client is asked for, and that the caller makes.
  return {
    Provider: providerOf<C>(context),
    useSubscription: (wanted: AnyWanted | Nothing, options: SubscriptionOptions<object> = {}) =>
      useTopic(context, wanted, options, undefined, (event) => options.onEvent?.(event))[1],
    useEvents: (wanted: AnyWanted | Nothing, options: Reducing | ListOptions<object, unknown> = {}) => {
      const { initial, reduce }: Reducing = 'reduce' in options ? options : lastOf(options)
      return useTopic(context, wanted, options, initial, (event, value, change) => change(reduce(value, event)))
    },
    useConnectionState: (select: (snapshot: ClientSnapshot) => unknown = (snapshot) => snapshot) => {
      const { onChange, getSnapshot } = useClient(context) ?? noClient
      return useSyncExternalStore(
        onChange,
        () => select(getSnapshot()),
        () => select(unmade),
      )
    },
  } as Hooks<C>
}

function providerOf<C extends object>(context: ClientContext): Hooks<C>['Provider'] {
  return ({ client, children }) => createElement(context.Provider, { value: useMade(client) }, children)
}

/** The client that a Provider is given, or that it makes. */
function useMade<C extends object>(client: ProviderProps<C>['client']): AnyClient | null {
  const [make] = useState(() => client)
  const [made, setMade] = useState<Client<C> | null>(null)
  useEffect(() => {
    if (typeof make !== 'function') return
    const own = make()
    setMade(own)
    return () => {
      setMade(null)
      own.close()
    }
  }, [make])
  // What reaches it was checked against the contract by the hooks' types.
  return (typeof client === 'function' ? made : client) as AnyClient | null
}

function useClient(context: ClientContext): AnyClient | null {
  const client = useContext(context)
  if (client === undefined) throw new OptionError('render the Provider of createHooks above')
  return client
}

function useTopic(context: ClientContext, wanted: AnyWanted | Nothing, options: TopicOptions, initial: unknown, hear: Hear): Held {
  const client = useClient(context)
  // A topic is made anew at each render; the same on the wire is the same.
  const key = wanted && JSON.stringify('name' in wanted ? wanted.name : wanted)
  const make = (): TopicStore & { client: typeof client; key: typeof key } => ({
    ...createTopicStore(client, wanted, { options, hear }, initial),
    client,
    key,
  })
  const [held, hold] = useState(make)
  let store = held
  if (store.client !== client || store.key !== key) {
    store = make()
    hold(store)
  }
  // Of its own topic: the store of another one may still get events, until React has let go of it.
  useInsertionEffect(() => store.tell({ options, hear }))
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
}
