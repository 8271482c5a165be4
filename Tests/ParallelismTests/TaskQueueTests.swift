import DVLADiagnostics
import DVLAParallelism
import Foundation
import Synchronization
import Testing

struct TaskQueueTests {
  private static let failure = WeightsError(
    WeightsError.Code("test.failure"), .malformed, "it fails")

  @Test func oneThreadRunsTasksInTheOrderTheyWereAdded() throws {
    let queue = TaskQueue(threads: 1)
    let log = Mutex<[Int]>([])
    let tasks = (0..<300).map { number in
      queue.add { () -> Int in
        log.withLock { $0.append(number) }
        return number * number
      }
    }
    queue.close()
    // Asked for in another order than they run in, and twice.
    for task in [tasks.reversed(), tasks] {
      #expect(try task.map { try $0.value() }.reduce(0, +) == 300 * 299 * 599 / 6)
    }
    #expect(log.withLock { $0 } == Array(0..<300))
    queue.cancel()
  }

  @Test(arguments: [2, 5]) func asManyTasksRunAtOnceAsThereAreThreads(threads: Int) throws {
    let queue = TaskQueue(threads: threads)
    defer { queue.cancel() }
    // Each waits for the others: fewer threads would hang.
    let arrived = Gate()
    let tasks = (0..<threads).map { _ in
      queue.add { () -> ThreadName in
        arrived.arrive()
        arrived.wait(for: threads)
        return .current
      }
    }
    let names = try tasks.map { try $0.value() }
    #expect(Set(names).count == threads && !names.contains(.current))
  }

  @Test func anErrorReachesWhoeverWaitsAndNobodyElse() throws {
    let queue = TaskQueue(threads: 2)
    defer { queue.cancel() }
    let tasks = (0..<50).map { number in
      queue.add { () throws(WeightsError) -> Int in
        if number % 7 == 3 { throw Self.failure }
        return number
      }
    }
    for (number, task) in tasks.enumerated() {
      if number % 7 == 3 {
        #expect(throws: Self.failure) { try task.value() }
        #expect(throws: Self.failure) { try task.value() }
      } else {
        #expect(try task.value() == number)
      }
    }
  }

  @Test func everyoneWhoWaitsForATaskIsWoken() throws {
    let queue = TaskQueue(threads: 1)
    defer { queue.cancel() }
    let release = Gate()
    let slow = queue.add { () -> Int in
      release.wait(for: 1)
      return 7
    }
    let (waiting, woken) = (Gate(), Gate())
    for _ in 0..<5 {
      Thread.detachNewThread {
        waiting.arrive()
        if (try? slow.value()) == 7 { woken.arrive() }
      }
    }
    waiting.wait(for: 5)
    release.arrive()
    woken.wait(for: 5)
  }

  /// Those who wait for what was not begun are told at once, not when the running task ends; who
  /// cancels waits for that one.
  @Test func cancellingWakesWaitersAndWaitsForWhatWasBegun() throws {
    let queue = TaskQueue(threads: 1)
    let (begun, release, ended) = (Gate(), Gate(), Gate())
    let running = queue.add { () -> Int in
      begun.arrive()
      release.wait(for: 1)
      ended.arrive()
      return 1
    }
    let ran = Gate()
    let dropped = (0..<3).map { _ in
      queue.add { ran.arrive() }
    }
    begun.wait(for: 1)
    let codes = Mutex<[WeightsError.Code]>([])
    let (told, cancelled) = (Gate(), Gate())
    for task in dropped {
      Thread.detachNewThread {
        do throws(WeightsError) { _ = try task.value() } catch {
          codes.withLock { $0.append(error.code) }
        }
        told.arrive()
      }
    }
    Thread.detachNewThread {
      queue.cancel()
      cancelled.arrive()
    }
    told.wait(for: 3)
    #expect(codes.withLock { $0 } == [.taskCancelled, .taskCancelled, .taskCancelled])
    #expect(ended.count == 0 && cancelled.count == 0)
    release.arrive()
    cancelled.wait(for: 1)
    #expect(ended.count == 1)
    #expect(try running.value() == 1)
    #expect(ran.count == 0)
    queue.cancel()
  }

  @Test(arguments: ["close", "cancel"]) func whatIsAddedAfterTheEndRunsHereAndNow(_ end: String)
    throws
  {
    let queue = TaskQueue(threads: 2)
    let before = queue.add { ThreadName.current }
    #expect(try before.value() != .current)
    if end == "close" { queue.close() } else { queue.cancel() }
    let ran = Gate()
    let after = queue.add { () -> ThreadName in
      ran.arrive()
      return .current
    }
    #expect(ran.count == 1)
    #expect(try after.value() == .current)
    let failing = queue.add { () throws(WeightsError) -> Int in throw Self.failure }
    #expect(throws: Self.failure) { try failing.value() }
    queue.cancel()
  }

  @Test func withoutThreadsTasksRunAsTheyAreAdded() throws {
    let queue = TaskQueue(threads: 0)
    let log = Mutex<[Int]>([])
    let first = queue.add { log.withLock { $0.append(1) } }
    log.withLock { $0.append(2) }
    #expect(log.withLock { $0 } == [1, 2])
    try first.value()
    queue.close()
    queue.cancel()
  }

  /// What was added before is still run.
  @Test func closingRunsTheRestAndThenTheThreadsEnd() throws {
    let queue = TaskQueue(threads: 3)
    let release = Gate()
    let names = Mutex<Set<ThreadName>>([])
    let tasks = (0..<60).map { number in
      queue.add { () -> Int in
        release.wait(for: 1)
        _ = names.withLock { $0.insert(.current) }
        return number
      }
    }
    queue.close()
    release.arrive()
    #expect(try tasks.map { try $0.value() } == Array(0..<60))
    for name in names.withLock({ $0 }) { #expect(name.ends) }
    queue.cancel()
  }

  @Test func cancellingEndsTheThreadsHoweverOftenAndByWhomever() throws {
    let names = Mutex<Set<ThreadName>>([])
    for _ in 0..<50 {
      let queue = TaskQueue(threads: 4)
      let tasks = (0..<20).map { _ in
        queue.add { _ = names.withLock { $0.insert(.current) } }
      }
      let done = Gate()
      for _ in 0..<3 {
        Thread.detachNewThread {
          queue.cancel()
          done.arrive()
        }
      }
      for task in tasks {
        // Run or cancelled, but never waited for in vain.
        do throws(WeightsError) { try task.value() } catch {
          #expect(error.code == .taskCancelled)
        }
      }
      done.wait(for: 3)
    }
    for name in names.withLock({ $0 }) { #expect(name.ends) }
  }
}
