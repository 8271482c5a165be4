import DVLADiagnostics
import DVLAPolicyService
import Foundation
import Synchronization
import Testing

struct RequestQueueTests {
  @Test func requestsAreAnsweredInTheirOrder() throws {
    let queue = RequestQueue(limit: 50)
    let order = Mutex<[Int]>([])
    let done = DispatchSemaphore(value: 0)
    for number in 0..<50 {
      try queue.add {
        order.withLock { $0.append(number) }
        done.signal()
      }
    }
    for _ in 0..<50 { done.wait() }
    #expect(order.withLock { $0 } == Array(0..<50))
  }

  @Test func aFullQueueRefusesAndTakesAgainWhenThereIsRoom() throws {
    let queue = RequestQueue(limit: 2)
    let (gate, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    for _ in 0..<2 {
      try queue.add {
        gate.wait()
        done.signal()
      }
    }
    #expect(queue.count == 2)
    #expect(throws: WeightsError(.init("serve.busy"), .unavailable, "")) { try queue.add {} }
    gate.signal()
    gate.signal()
    for _ in 0..<2 { done.wait() }
    while queue.count > 0 { Thread.sleep(forTimeInterval: 0.001) }
    try queue.add { done.signal() }
    done.wait()
  }

  @Test func aClosedQueueAnswersWhatWaitsAndTakesNoMore() throws {
    let queue = RequestQueue(limit: 3)
    let (gate, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    for _ in 0..<3 {
      try queue.add {
        gate.wait()
        done.signal()
      }
    }
    queue.close()
    #expect(throws: WeightsError(.serveDraining, .unavailable, "")) { try queue.add {} }
    for _ in 0..<3 { gate.signal() }
    for _ in 0..<3 { done.wait() }
  }
}
