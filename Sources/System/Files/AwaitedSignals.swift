import DVLACFiles
public import DVLADiagnostics
import Glibc

/// Signals that a program waits for, one after the other, instead of being ended by them: for a
/// program that runs until it is told to stop.
///
/// They come through a pipe, not by blocking them: libraries start threads of their own before
/// `main`, which would not block them.
public struct AwaitedSignals: Sendable {
  public enum Signal: Sendable {
    /// SIGHUP: read again what is served.
    case hangUp
    /// SIGINT or SIGTERM: stop in good order.
    case stop
  }

  /// The pipe's end to read from. It stays open for the life of the process, as its handlers do.
  private let pipe: Int32

  /// From now on these signals do nothing but wait for ``next(within:)``.
  ///
  /// - Throws: `file.unavailable` without descriptors for a pipe.
  public init() throws(WeightsError) {
    pipe = file_access_await_signals()
    if pipe < 0 {
      throw WeightsError(
        .fileUnavailable, .unavailable, "cannot wait for signals: \(SystemFailure.words(-pipe))")
    }
  }

  /// What came: a stop where there was one among several signals; nil if none comes in time.
  public func next(within time: Duration) -> Signal? {
    var ready = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
    // An interrupted wait is a wait that is over: the caller asks again.
    guard unsafe poll(&ready, 1, Int32(time / .milliseconds(1))) > 0 else { return nil }
    var numbers = [UInt8](repeating: 0, count: 256)
    let count = unsafe numbers.withUnsafeMutableBytes { bytes in
      unsafe read(pipe, bytes.baseAddress, bytes.count)
    }
    guard count > 0 else { return nil }
    return numbers[..<count].allSatisfy { Int32($0) == SIGHUP } ? .hangUp : .stop
  }
}
