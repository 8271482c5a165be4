import DVLADiagnostics
import Synchronization

/// Something that C holds by a handle.
protocol Handled: AnyObject, Sendable {
  /// What a message calls it.
  static var noun: String { get }
}

/// What the handles of this process stand for.
///
/// A handle is a number that is given out once. It looks like a pointer to C and is never followed,
/// so that one which was closed, or is of another kind, is found out.
enum Handles {
  private struct State {
    var last: UInt = 0
    var objects: [UInt: any Handled] = [:]
  }

  private static let state = Mutex(State())

  static func add(_ object: any Handled) -> UInt {
    state.withLock { state in
      state.last += 1
      state.objects[state.last] = object
      return state.last
    }
  }

  /// The object, which lives at least as long as the caller keeps it.
  ///
  /// - Throws: `handle.unknown`.
  static func find<Object: Handled>(
    _ handle: UInt, _ kind: Object.Type
  ) throws(WeightsError) -> Object {
    guard let object = state.withLock({ $0.objects[handle] }) as? Object else {
      throw unknown(kind)
    }
    return object
  }

  /// Forgets a handle. Its object ends when no call uses it any more.
  ///
  /// - Throws: `handle.unknown`.
  static func close<Object: Handled>(_ handle: UInt, _ kind: Object.Type) throws(WeightsError) {
    // Outside of the lock, since an object that ends may wait for its threads.
    let closed = state.withLock { state -> Object? in
      guard let object = state.objects[handle] as? Object else { return nil }
      state.objects[handle] = nil
      return object
    }
    guard closed != nil else { throw unknown(kind) }
  }

  private static func unknown(_ kind: any Handled.Type) -> WeightsError {
    WeightsError(
      .handleUnknown, .usage,
      "expected an open \(kind.noun), found a handle that is closed, of another kind, or none")
  }
}

/// A value that one call uses at a time.
final class OneAtATime<Value: Sendable>: Sendable {
  private let value: Value
  private let isBusy = Atomic(false)

  init(_ value: Value) { self.value = value }

  /// - Throws: `handle.busy` while another call uses the value; what `body` throws.
  func use<Result>(
    _ noun: String, _ body: (Value) throws(WeightsError) -> Result
  ) throws(WeightsError) -> Result {
    guard !isBusy.exchange(true, ordering: .acquiring) else {
      throw WeightsError(
        .handleBusy, .usage, "the \(noun) does one thing at a time, and another call is using it")
    }
    defer { isBusy.store(false, ordering: .releasing) }
    return try body(value)
  }
}

extension WeightsError.Code {
  /// A handle that is closed, of another kind, or none at all.
  static let handleUnknown = Self("handle.unknown")
  /// Another thread is using what does one thing at a time.
  static let handleBusy = Self("handle.busy")
}
