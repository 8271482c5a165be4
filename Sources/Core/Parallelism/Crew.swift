import Glibc

/// Threads of the operating system that all run one closure.
///
/// Unsafe code. The invariant: each box handed to a thread is retained once here and released
/// once by that thread.
struct Crew {
  fileprivate final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private var handles: [pthread_t] = []

  /// Starts `count` threads, or as many as the system allows.
  init(count: Int, _ body: @escaping @Sendable () -> Void) {
    for _ in 0..<count {
      let box = unsafe Unmanaged.passRetained(Box(body))
      var handle = pthread_t()
      guard unsafe pthread_create(&handle, nil, crewMain, box.toOpaque()) == 0 else {
        unsafe box.release()
        return
      }
      handles.append(handle)
    }
  }

  /// How many were started.
  var count: Int { handles.count }

  var isEmpty: Bool { handles.isEmpty }

  /// Lets the threads end on their own: nobody will wait for them.
  func detach() {
    for handle in handles { pthread_detach(handle) }
  }

  /// Waits until every thread has returned.
  func join() {
    for handle in handles { pthread_join(handle, nil) }
  }
}

private func crewMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument = unsafe argument {
    unsafe Unmanaged<Crew.Box>.fromOpaque(argument).takeRetainedValue().body()
  }
  return nil
}
