import DVLACDepthVLA
import DVLADiagnostics

extension WeightsError {
  /// A process that was forked from one that used the library has its memory, but none of its
  /// threads, and its locks are as they happened to be. Nothing of it can be relied on.
  static var processForked: WeightsError {
    WeightsError(
      .processForked, .usage,
      "the process was forked after its parent had used the library; start it by spawn or exec, or "
        + "fork before the first use")
  }
}

/// Runs the body on a thread that was started in this process.
///
/// A process may be forked when the library is loaded and not yet used. The thread that forked goes
/// on in the child with the number it had in the parent: the Swift runtime notes it when it is
/// loaded, and takes its locks in the name of that number (`once_slow` of its Threading library and
/// `Mutex` of Synchronization, futexes with priority inheritance). Where a second thread wants such
/// a lock at the same time, both wait forever. So that thread only waits, in C, while one of the
/// child's own does the work.
func onThreadOfThisProcess(_ body: () -> Int32) -> Int32 {
  guard dvla_thread_has_forked() else { return body() }
  return withoutActuallyEscaping(body) { body in
    let call = ForkedCall(body: body)
    let hasRun = unsafe dvla_run_on_new_thread(
      { context in
        if let context = unsafe context {
          unsafe Unmanaged<ForkedCall>.fromOpaque(context).takeUnretainedValue().run()
        }
        return nil
      }, Unmanaged.passUnretained(call).toOpaque())
    // Where there can be no second thread, none can want a lock.
    if !hasRun { call.run() }
    return call.status
  }
}

/// A call that one thread makes while the other waits. Not to be used by both at once.
private final class ForkedCall {
  private(set) var status: Int32 = 0
  private let body: () -> Int32

  init(body: @escaping () -> Int32) { self.body = body }

  func run() { status = body() }
}

extension WeightsError.Code {
  /// The process was forked from one that had used the library.
  static let processForked = Self("process.forked")
}
