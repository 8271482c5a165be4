public import DVLADiagnostics
import Glibc

/// Removes a file that is no longer needed. Where there is none nothing happens.
///
/// - Throws: `file.*` where it cannot be removed.
public func removeFile(path: String) throws(WeightsError) {
  if unsafe unlink(path) == 0 || errno == ENOENT { return }
  throw WeightsError(
    .fileWrite, .inputOutput, file: path,
    "cannot be removed: \(unsafe String(cString: strerror(errno)))")
}
