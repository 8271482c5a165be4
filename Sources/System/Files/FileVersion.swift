public import DVLADiagnostics
import Glibc

/// What tells whether a file was replaced or written to: which file has the name, its size, and
/// when it changed.
public struct FileVersion: Sendable, Hashable {
  private let device: UInt
  private let inode: UInt
  private let byteCount: Int
  private let seconds: Int
  private let nanoseconds: Int

  /// - Returns: nil if nothing has the name.
  /// - Throws: `file.*` when it cannot be looked up.
  public init?(path: String) throws(WeightsError) {
    let status: stat
    do throws(WeightsError) {
      status = try stat(path, followingLinks: true, while: .opening, file: path)
    } catch {
      if error.code == .fileNotFound { return nil }
      throw error
    }
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    byteCount = Int(status.st_size)
    (seconds, nanoseconds) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
  }
}
