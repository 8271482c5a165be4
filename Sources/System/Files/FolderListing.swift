import DVLADiagnostics
import Glibc

extension OwnedDescriptor {
  private static let largestListing = 100_000

  /// The names in the folder that this is the descriptor of, in no order.
  ///
  /// - Throws: `file.permission`, `file.read`, `file.too-large` for more than 100 000 entries.
  func names(file path: String) throws(WeightsError) -> [String] {
    var folder: Int32
    repeat {
      folder = unsafe openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    } while folder < 0 && errno == EINTR
    guard folder >= 0 else { throw .system(errno, while: .reading, file: path) }
    // The stream takes the descriptor over.
    guard let stream = unsafe fdopendir(folder) else {
      let reason = errno
      close(folder)
      throw .system(reason, while: .reading, file: path)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw .system(errno, while: .reading, file: path) }
        return names
      }
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      guard names.count < Self.largestListing else {
        throw WeightsError(
          .fileTooLarge, file: path, "more than \(Self.largestListing) entries in the folder")
      }
      names.append(name)
    }
  }
}
