import DVLACImageCodecs
import DVLADiagnostics

extension image_failure {
  /// The codec's words. Unsafe code: reads the message up to its zero byte, inside its array.
  var words: String {
    var message = message
    return unsafe withUnsafeBytes(of: &message) { buffer in
      unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

extension WeightsError {
  init(_ failure: image_failure, codec: String) {
    switch failure.status {
    case image_no_memory:
      self.init(.imageMemory, .unavailable, "no memory for \(codec)")
    case image_truncated:
      self.init(
        .imageTruncated, "ends at byte \(failure.offset), inside the image: \(failure.words)")
    case image_mismatch:
      self.init(.imageStructure, "\(failure.words), at or before byte \(failure.offset)")
    default:
      self.init(.imageCorrupt, "is corrupt at or before byte \(failure.offset): \(failure.words)")
    }
  }
}
