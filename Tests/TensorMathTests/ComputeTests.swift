import DVLATensorMath
import DVLATensors
import Foundation
import Synchronization
import Testing

struct ComputeTests {
  @Test func callersOnSeveralThreadsTakeTurns() {
    let compute = Compute(threads: 2)
    let sums = Mutex([Int](repeating: 0, count: 4))
    DispatchQueue.concurrentPerform(iterations: 4) { caller in
      for _ in 0..<50 {
        let count = Atomic(0)
        compute.run(items: 10) { _ in count.add(1, ordering: .relaxed) }
        sums.withLock { $0[caller] += count.load(ordering: .relaxed) }
      }
    }
    #expect(sums.withLock { $0 } == [500, 500, 500, 500])
  }
}
