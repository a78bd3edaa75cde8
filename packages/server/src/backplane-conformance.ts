import { announcement } from './backplane-conformance/announcement.js'
import { closing } from './backplane-conformance/closing.js'
import { concurrency } from './backplane-conformance/concurrency.js'
import { type BackplaneHarness, type ConformanceCase, caseOf, fits } from './backplane-conformance/harness.js'
import { once } from './backplane-conformance/once.js'
import { order } from './backplane-conformance/order.js'
import { retention } from './backplane-conformance/retention.js'
import { shard } from './backplane-conformance/shard.js'
import { text } from './backplane-conformance/text.js'

export { ConformanceError } from './backplane-conformance/expect.js'
export type { BackplaneHarness, ConformanceCase, ConformanceOptions, ConformanceShard } from './backplane-conformance/harness.js'

/**
 * What every backplane does, case by case, for any test runner:
 *
 * ```ts
 * for (const { name, run } of backplaneConformance({ open })) test(name, run)
 * ```
 *
 * Each case opens data of its own and may run beside others. Cases about several nodes, or about restarts, are left out where
 * the harness does not say that there are such.
 */
export function backplaneConformance(harness: BackplaneHarness): readonly ConformanceCase[] {
  return [...order, ...announcement, ...once, ...retention, ...shard, ...text, ...concurrency, ...closing]
    .filter((specification) => fits(specification, harness))
    .map((specification) => caseOf(specification, harness))
}
