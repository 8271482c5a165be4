import DVLADiagnostics
import DVLAPolicyService
import Foundation
import Synchronization
import Testing

struct RequestQueueTests {
  func request() -> ServiceRequest { ServiceRequest([], allowing: .seconds(600)) }

  @Test func requestsAreAnsweredInTheirOrder() throws {
    let queue = RequestQueue(limit: 50)
    let order = Mutex<[Int]>([])
    let done = DispatchSemaphore(value: 0)
    for number in 0..<50 {
      try queue.add(request()) {
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
      try queue.add(request()) {
        gate.wait()
        done.signal()
      }
    }
    #expect(queue.count == 2)
    #expect(throws: WeightsError(.init("serve.busy"), .unavailable, "")) {
      try queue.add(request()) {}
    }
    gate.signal()
    gate.signal()
    for _ in 0..<2 { done.wait() }
    while queue.count > 0 { Thread.sleep(forTimeInterval: 0.001) }
    try queue.add(request()) { done.signal() }
    done.wait()
  }

  @Test func aCancelledRequestLosesItsPlaceAtOnce() throws {
    let queue = RequestQueue(limit: 2)
    let (gate, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let ran = Mutex<[String]>([])
    try queue.add(request()) {
      gate.wait()
      ran.withLock { $0.append("first") }
    }
    let gone = request()
    try queue.add(gone) { ran.withLock { $0.append("gone") } }
    queue.cancel(gone)
    #expect(gone.isCancelled)
    try queue.add(request()) {
      ran.withLock { $0.append("third") }
      done.signal()
    }
    gate.signal()
    done.wait()
    #expect(ran.withLock { $0 } == ["first", "third"])
  }
}
