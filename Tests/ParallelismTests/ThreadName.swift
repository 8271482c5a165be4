import Foundation

/// A thread of this process, as the kernel names it.
struct ThreadName: Hashable, Sendable {
  private let path: String

  /// The calling thread.
  static var current: ThreadName {
    let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    return ThreadName(path: "/proc/" + (link ?? ""))
  }

  /// Waits until the thread is gone, up to a minute: a thread that has been joined is taken off the
  /// list a little later.
  var ends: Bool {
    for _ in 0..<6000 {
      if !FileManager.default.fileExists(atPath: path) { return true }
      usleep(10_000)
    }
    return false
  }
}
